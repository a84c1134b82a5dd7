"""A test's own ways into the account: faults, slowness, drift."""

import json
import os
import subprocess
import threading
from pathlib import Path

import pytest

from tests.aws_models.account import client
from tests.doubles import Account, eks_cli
from tests.doubles.account import RefusedError, Store, UnfinishedError
from tests.doubles.provider import Provider
from tests.unit.doubles.helpers import CLUSTER, LOGS, NUMBER, ROLE, SUBNET, TRUST, VPC, cluster, make, network


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
        boundary = f"arn:aws:iam::{NUMBER}:policy/boundary"
        inputs = {"name": "node", "assumeRolePolicy": TRUST, "permissionsBoundary": boundary}
        with pytest.raises(RefusedError, match="policy/boundary does not exist"):
            make(provider, ROLE, "node", **inputs)
        account.put("aws:iam/policy:Policy", boundary, arn=boundary)
        make(provider, ROLE, "node", **inputs)

    def test_processes_share_what_is_made_until_the_account_is_closed(self, account: Account) -> None:
        with account:
            vpc = make(
                Provider(Store(account.folder), NUMBER, account.endpoint), VPC, "vpc", cidrBlock="10.0.0.0/16"
            )
            other = Provider(Store(account.folder), NUMBER, account.endpoint)
            subnet = make(other, SUBNET, "a", vpcId=vpc, cidrBlock="10.0.0.0/20")
            found = client("ec2", "eu-west-1", account.endpoint).describe_subnets(SubnetIds=[subnet])
        assert found["Subnets"][0]["VpcId"] == vpc
        with pytest.raises(RefusedError, match="Could not connect"):
            make(other, SUBNET, "b", vpcId=vpc, cidrBlock="10.0.16.0/20")

    def test_what_failed_after_its_creation_is_there_with_the_reason(
        self,
        provider: Provider,
        account: Account,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        account.fail_after_creation(CLUSTER, "lab", "no address is free")
        _, subnets = network(provider)
        with pytest.raises(UnfinishedError, match="no address is free"):
            cluster(provider, subnets)
        monkeypatch.setenv("AXON_DOUBLE_FOLDER", str(account.folder))
        assert eks_cli.main(["eks", "describe-cluster", "--name", "lab", "--region", "eu-west-1"]) == 0
        told = json.loads(capsys.readouterr().out)["cluster"]
        assert told == {
            "status": "FAILED",
            "health": {"issues": [{"code": "Other", "message": "no address is free"}]},
        }
        assert eks_cli.main(["eks", "describe-cluster", "--name", "other"]) == 254

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
