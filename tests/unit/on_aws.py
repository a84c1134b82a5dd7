"""Settings of a cluster on AWS, and a cluster that stands already, for the tests of what is put on it."""

from typing import Any

import pulumi
import pulumi_aws as aws

from components.kubernetes_cluster import OnAws
from components.network import Network
from stacks.settings.aws.eks import EksCluster
from stacks.settings.aws.node_group import NodeGroup

ACCOUNT = "111122223333"
SYSTEM = {"role": "system", "instance_types": ["m7i.large"], "min_instances": 2}
CPU = {"instance_types": ["m7i.xlarge"], "min_instances": 1, "max_instances": 4}
EXISTING = {
    "vpc": "vpc-0123456789abcdef0",
    "cidr": "10.9.0.0/16",
    "private_subnets": {"eu-west-1b": "subnet-0000000000000000b", "eu-west-1a": "subnet-0000000000000000a"},
    "public_subnets": {"eu-west-1b": "subnet-0000000000000001b", "eu-west-1a": "subnet-0000000000000001a"},
}


def cluster(node_groups: dict[str, Any] | None = None, **settings: Any) -> EksCluster:
    """The settings of a small cluster, with changes."""
    groups = {"system": SYSTEM, **({"cpu": CPU} if node_groups is None else node_groups)}
    given = {"kind": "eks", "name": "lab", "account": ACCOUNT, "region": "eu-west-1", "node_groups": groups}
    return EksCluster.model_validate({**given, **settings, "load_balancer": _open(settings)})


def _open(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of a load balancer that is open where a test does not say more."""
    asked = settings.get("load_balancer", {})
    everybody = {} if "allow" in asked or asked.get("scheme") == "internal" else {"anywhere": True}
    return {**everybody, "plain_http": True, **asked}


def group(*instance_types: str, **settings: Any) -> NodeGroup:
    """The settings of a node group."""
    return NodeGroup.model_validate({"instance_types": list(instance_types or ["m7i.large"]), **settings})


def on_aws(settings: EksCluster) -> OnAws:
    """A cluster of these settings, as if its control plane were there."""
    provider = aws.Provider("aws", region=settings.region)
    return OnAws(
        settings,
        provider,
        Network("network", settings),
        pulumi.Output.from_input(settings.name),
        pulumi.Output.from_input("sg-nodes"),
    )
