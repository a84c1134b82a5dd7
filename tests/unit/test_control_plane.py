"""The control plane that `axon:cluster` becomes."""

from collections.abc import Callable
from typing import Any

import pytest

from components import control_plane
from components.cluster import aws_provider
from components.control_plane import ControlPlane
from components.network import Network
from tests.unit.conftest import Recorder
from tests.unit.on_aws import EXISTING, cluster

CLUSTER = "eks:index:Cluster"
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
