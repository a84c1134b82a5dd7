"""`axon:cluster`: the Kubernetes cluster of the stack."""

from typing import Annotated, Literal

from pydantic import Field

from stacks.settings.aws.eks import EksCluster
from stacks.settings.base import Settings


class ExistingCluster(Settings):
    """A Kubernetes cluster that exists already."""

    kind: Literal["existing"]
    """`existing`: the cluster that the kubeconfig names."""

    kubeconfig: str | None = None
    """Path of a kubeconfig file. Unset: `$KUBECONFIG`, then `~/.kube/config`, as for kubectl."""

    context: str | None = None
    """Name of the context in the kubeconfig. Unset: the current context of the kubeconfig."""

    grows: bool = False
    """Node autoscaling: set it if an autoscaler adds nodes to the cluster. `axon up` then accepts models that
    fit on no current node.
    """


Cluster = Annotated[ExistingCluster | EksCluster, Field(discriminator="kind")]
