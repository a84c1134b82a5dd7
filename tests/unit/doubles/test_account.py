"""A test's own ways into the account: faults, slowness, drift."""

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.doubles import Account
from tests.doubles.account import RefusedError
from tests.doubles.provider import Provider
from tests.unit.doubles.helpers import LOGS, SUBNET, VPC, make


class TestAccount:
    def test_faults_are_consumed(self, provider: Provider, account: Account) -> None:
        account.fail("aws:ec2/*", "vpc", "create", "VpcLimitExceeded", times=2)
        for _ in range(2):
            with pytest.raises(RefusedError, match="VpcLimitExceeded"):
                make(provider, VPC, "vpc", cidrBlock="10.0.0.0/16")
        make(provider, VPC, "vpc", cidrBlock="10.0.0.0/16")
        assert [call.error for call in account.record()] == ["VpcLimitExceeded", "VpcLimitExceeded", None]
        assert account.record()[-1].id == account.of("Vpc")[0].id
        account.clear_record()
        assert account.record() == []

    def test_overlap(self, provider: Provider, account: Account) -> None:
        account.slow(VPC, "*", "create", 0.2)
        started = time.time()
        threads = [
            threading.Thread(
                target=make, args=(provider, VPC, f"vpc-{number}"), kwargs={"cidrBlock": "10.0.0.0/16"}
            )
            for number in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.time() - started < 0.6
        overlap = account.overlap("create")
        assert overlap.total >= 0.8
        assert overlap.at_once > 1.5
        assert len(account.of("Vpc")) == 4

    def test_drift(self, provider: Provider, account: Account) -> None:
        id_ = make(provider, LOGS, "apis", name="apis", retentionInDays=7)
        account.drift(LOGS, "apis", retentionInDays=30)
        found = provider.read(LOGS, "apis", id_)
        assert found is not None
        assert found.inputs["retentionInDays"] == found.outputs["retentionInDays"] == 30

    def test_put(self, provider: Provider, account: Account) -> None:
        account.put(VPC, "vpc-0123456789abcdef0", cidrBlock="10.0.0.0/16")
        make(provider, SUBNET, "a", vpcId="vpc-0123456789abcdef0", cidrBlock="10.0.0.0/20")

    def test_plugins_start_anywhere(self, account: Account, tmp_path: Path) -> None:
        environment = account.environment(os.environ, tmp_path / "kubeconfig")
        assert environment["AXON_DOUBLE_KUBECONFIG"].endswith("/kubeconfig")
        for name, arguments in (("aws", []), ("eks", ["127.0.0.1:1"])):
            (tmp_path / "tests").mkdir(exist_ok=True)  # a project's own package of that name
            plugin = subprocess.Popen(
                [f"pulumi-resource-{name}", *arguments],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert plugin.stdout
            assert plugin.stdout.readline().strip().isdigit()  # the port
            plugin.kill()
            plugin.communicate()
