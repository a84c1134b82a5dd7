"""A cluster as a whole: what waits for what."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

import components.cluster
from components.cluster import EksCluster, aws_provider
from stacks.settings.aws import eks
from tests.unit.conftest import Recorder
from tests.unit.on_aws import CPU, SYSTEM, cluster

PROVIDER = "pulumi:providers:kubernetes"
Deploy = Callable[[Callable[[], Any]], Recorder]


class StandIn(pulumi.ComponentResource):
    """A control plane: the real one's outputs are of another provider, which mocks do not run."""

    def __init__(self, name: str, settings: eks.EksCluster, *_: Any, provider: Any, opts: Any) -> None:
        super().__init__("test:cluster:ControlPlane", name, None, opts)
        self.cluster_name = pulumi.Output.from_input(settings.name)
        self.security_group = pulumi.Output.from_input("sg-nodes")
        self.kubeconfig = pulumi.Output.from_input("{}")


@pytest.fixture
def made(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """A cluster with two system groups and one that AWS may refuse."""
    monkeypatch.setattr(components.cluster, "ControlPlane", StandIn)
    gpu = {"instance_types": ["g6.xlarge"], "min_instances": 0}
    settings = cluster({"system-b": SYSTEM, "cpu": CPU, "gpu": gpu})
    return deploy(lambda: EksCluster("cluster", settings, provider=aws_provider(settings, {}), tags={}).name)


def test_the_platform_waits_for_system_nodes_and_addons_alone(made: Recorder) -> None:
    waited = {urn.split("::")[-1] for urn in made.options(PROVIDER, "cluster").dependencies}

    assert {"system", "system-b"} <= waited
    assert {"coredns", "aws-ebs-csi-driver"} <= waited
    assert not {"cpu", "gpu"} & waited, "a group that AWS refuses would block the platform"
