"""Kubernetes cluster that exists outside of the stack."""

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes_cluster import OnAws, Placement
from stacks.settings import cluster


class ExistingCluster(pulumi.ComponentResource):
    """Cluster of a kubeconfig, as the provider of all objects on it.

    The provider is given the path of the kubeconfig, never its content: credentials stay out of the state.
    """

    provider: k8s.Provider
    """Provider of resources on this cluster."""

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
            # Updated in place, not replaced: pods read the ConfigMap during the update.
            enable_config_map_mutable=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
