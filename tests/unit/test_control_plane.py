"""The control plane that `axon:cluster` becomes."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session

from components import control_plane
from components.cluster import aws_provider
from components.control_plane import ControlPlane
from components.log_group import removed
from components.network import Network
from tests.unit.conftest import Recorder
from tests.unit.on_aws import EXISTING, cluster

CLUSTER, LOGS = "eks:index:Cluster", "aws:cloudwatch/logGroup:LogGroup"
Deploy = Callable[[Callable[[], Any]], Recorder]
Made = Callable[..., Recorder]


@pytest.fixture
def made(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Make the control plane of a cluster with changes. Mocks do not run the EKS component inside it."""
    monkeypatch.setattr(control_plane, "_name", lambda _: "lab")
    monkeypatch.setattr(control_plane, "_security_group", lambda _: "sg-nodes")

    def run(**settings: Any) -> Recorder:
        wanted = cluster(**settings)

        def program() -> Any:
            provider = aws_provider(wanted, {})
            network = Network("network", wanted)
            return ControlPlane("control-plane", wanted, network, provider=provider).cluster_name

        return deploy(program)

    return run


@pytest.mark.parametrize("zone_count", [2, 3, 4])
def test_a_zone_more_or_less_is_no_change_of_the_control_plane(made: Made, zone_count: int) -> None:
    subnets = made(network={"zone_count": zone_count}).one(CLUSTER)["privateSubnetIds"]

    assert subnets == ["private-eu-west-1a-id", "private-eu-west-1b-id"]


def test_subnets_of_an_existing_vpc_can_be_added_before_the_control_planes(made: Made) -> None:
    more = {f"eu-west-1{letter}": f"subnet-0000000000000000{letter}" for letter in "abc"}
    zones = ["eu-west-1b", "eu-west-1c"]
    network = {"existing": {**EXISTING, "private_subnets": more}, "control_plane_zones": zones}

    subnets = made(network=network).one(CLUSTER)["privateSubnetIds"]

    assert subnets == ["subnet-0000000000000000b", "subnet-0000000000000000c"]


def test_who_does_what_is_logged_and_kept_for_as_long_as_is_said(made: Made) -> None:
    recorder = made(log_retention_days=90)

    assert recorder.one(CLUSTER)["enabledClusterLogTypes"] == ["audit", "authenticator"]
    group = recorder.one(LOGS)
    assert (group["name"], group["retentionInDays"]) == ("/aws/eks/lab/cluster", 90)
    assert any(urn.endswith("::control-plane") for urn in recorder.options(CLUSTER).dependencies)


def test_without_logs_there_is_no_group_for_them(made: Made) -> None:
    recorder = made(control_plane_logs=[])

    assert "enabledClusterLogTypes" not in recorder.one(CLUSTER)
    assert recorder.all(LOGS) == []


def test_every_log_that_eks_has_can_be_asked_for() -> None:
    # A reference of its own: botocore's model of the API.
    known = get_session().get_service_model("eks").shape_for("LogType")

    assert cluster(control_plane_logs=known.enum).control_plane_logs == known.enum


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Path]:
    """An AWS CLI in the place of the real one; return where it writes what it was asked."""

    def there(*, living: bool, retention: str = "") -> Path:
        found = "exit 0" if living else "echo ResourceNotFoundException >&2; exit 254"
        script = f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n'
        script += f'case "$2" in describe-cluster) {found};; describe-log-groups) echo "{retention}";; esac\n'
        (tmp_path / "aws").write_text(script)
        (tmp_path / "aws").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        return tmp_path / "calls"

    return there


EXISTS = "creating CloudWatch Logs Log Group: ResourceAlreadyExistsException: already exists"


def test_a_log_group_that_eks_made_again_after_a_destroy_is_replaced(account: Callable[..., Path]) -> None:
    calls = account(living=False)

    assert removed(cluster(), [EXISTS])
    assert "delete-log-group --log-group-name /aws/eks/lab/cluster" in calls.read_text()


@pytest.mark.parametrize(
    ("living", "retention", "error"),
    [(True, "", EXISTS), (False, "90", EXISTS), (False, "", "AccessDeniedException")],
    ids=["of a cluster", "kept by somebody", "another error"],
)
def test_any_other_log_group_is_left_alone(
    account: Callable[..., Path], living: bool, retention: str, error: str
) -> None:
    calls = account(living=living, retention=retention)

    assert not removed(cluster(), [error])
    assert not calls.exists() or "delete-log-group" not in calls.read_text()
