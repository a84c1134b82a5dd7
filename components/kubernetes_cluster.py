"""Interface that every kind of cluster provides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pulumi
import pulumi_kubernetes as k8s

from stacks.settings.aws.eks import EksCluster

if TYPE_CHECKING:  # AWS' SDK takes seconds to import: only stacks on AWS import it
    import pulumi_aws as aws

    from components.network import Network


@dataclass(frozen=True)
class Placement:
    """Nodes for the platform: any node, unless the cluster reserves some for the platform."""

    node_selector: Mapping[str, str] = field(default_factory=dict[str, str])
    tolerations: Sequence[Mapping[str, str]] = ()

    @property
    def pod_tolerations(self) -> list[k8s.core.v1.TolerationArgs]:
        """Tolerations of the platform's pods."""
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
        """Node selector and tolerations in the form of a pod's spec and of nearly every chart's values."""
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
    """Properties of a cluster on AWS in addition to its API."""

    settings: EksCluster
    provider: "aws.Provider"
    network: "Network"
    cluster_name: pulumi.Output[str]
    """Name of the cluster, an output."""

    security_group: pulumi.Output[str]
    """Security group of the nodes."""

    node_groups: Mapping[str, pulumi.Resource] = field(default_factory=dict[str, pulumi.Resource])
    """Node groups by name."""


class KubernetesCluster(Protocol):
    """A Kubernetes cluster of any origin."""

    name: str
    provider: k8s.Provider
    placement: Placement
    aws: OnAws | None
    """Unset on a cluster that is not on AWS, or that this stack did not create."""
