"""What every kind of cluster offers to what is installed on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pulumi
import pulumi_kubernetes as k8s

from stacks.settings.aws.eks import EksCluster

if TYPE_CHECKING:  # AWS' SDK takes seconds to import: only stacks on AWS do
    import pulumi_aws as aws

    from components.network import Network


@dataclass(frozen=True)
class Placement:
    """Which nodes the platform runs on: none in particular, unless the cluster keeps some for it."""

    node_selector: Mapping[str, str] = field(default_factory=dict[str, str])
    tolerations: Sequence[Mapping[str, str]] = ()

    @property
    def pod_tolerations(self) -> list[k8s.core.v1.TolerationArgs]:
        """The tolerations of a pod of ours."""
        return [
            k8s.core.v1.TolerationArgs(
                key=toleration.get("key"),
                operator=toleration.get("operator"),
                value=toleration.get("value"),
                effect=toleration.get("effect"),
            )
            for toleration in self.tolerations
        ]

    @property
    def values(self) -> dict[str, Any]:
        """As a pod's spec, and the values of nearly every chart, have it."""
        return {
            **({"nodeSelector": dict(self.node_selector)} if self.node_selector else {}),
            **(
                {"tolerations": [dict(toleration) for toleration in self.tolerations]}
                if self.tolerations
                else {}
            ),
        }


@dataclass(frozen=True)
class OnAws:
    """What a cluster on AWS offers beside its API."""

    settings: EksCluster
    provider: "aws.Provider"
    network: "Network"
    cluster_name: pulumi.Output[str]
    """The cluster's name, once it is there."""

    security_group: pulumi.Output[str]
    """The security group of the nodes."""

    node_groups: Mapping[str, pulumi.Resource] = field(default_factory=dict[str, pulumi.Resource])
    """The node groups, by name."""


class KubernetesCluster(Protocol):
    """A cluster, whoever made it."""

    name: str
    provider: k8s.Provider
    placement: Placement
    aws: OnAws | None
    """Unset on a cluster that is not on AWS, or not made by this stack."""
