"""A Kubernetes that somebody else made."""

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes_cluster import OnAws, Placement
from stacks.settings import cluster


class ExistingCluster(pulumi.ComponentResource):
    """The cluster that a kubeconfig names, as the provider of everything on it.

    The provider is given the kubeconfig's path, never its content: credentials stay out of the state.
    """

    provider: k8s.Provider
    """What creates resources on this cluster."""

    def __init__(
        self, name: str, settings: cluster.ExistingCluster, *, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("axon:cluster:ExistingCluster", name, None, opts)
        self.name = settings.context or "current"
        self.aws: OnAws | None = None
        self.placement = Placement()
        self.provider = k8s.Provider(
            name,
            kubeconfig=settings.kubeconfig,
            context=settings.context,
            # Changed in place, not deleted and made again: somebody reads it meanwhile.
            enable_config_map_mutable=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
