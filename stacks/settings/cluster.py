"""`axon:cluster`: which Kubernetes the stack stands on."""

from typing import Annotated, Literal

from pydantic import Field

from stacks.settings.aws.eks import EksCluster
from stacks.settings.base import Settings


class ExistingCluster(Settings):
    """A Kubernetes that is there already."""

    kind: Literal["existing"]
    """`existing`: the cluster that the kubeconfig names."""

    kubeconfig: str | None = None
    """Path of a kubeconfig file. Unset: `$KUBECONFIG`, then `~/.kube/config`, as kubectl does."""

    context: str | None = None
    """Context in the kubeconfig. Unset: its current context."""

    grows: bool = False
    """Nodes come by themselves, by an autoscaler: `make up` does not refuse what fits on none of today's."""


Cluster = Annotated[ExistingCluster | EksCluster, Field(discriminator="kind")]
