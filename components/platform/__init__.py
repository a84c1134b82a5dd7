"""The add-ons that any cluster needs before it can serve a model."""

import pulumi
import pulumi_kubernetes as k8s

from components.platform.gateway import NAMESPACE as GATEWAY_NAMESPACE
from components.platform.gateway import Gateway
from components.platform.metrics_server import MetricsServer
from stacks.settings.images import Images
from stacks.settings.platform import Platform as PlatformSettings


class Platform(pulumi.ComponentResource):
    """Gateway, resource metrics, and the namespace of the models."""

    url: pulumi.Output[str]
    """Where clients reach the gateway: `http://host[:port]`."""

    gateway: str
    """Name of the Gateway that routes attach to."""

    gateway_namespace: str
    """Namespace of the Gateway."""

    namespace: pulumi.Output[str]
    """Namespace that model APIs live in."""

    def __init__(
        self,
        name: str,
        settings: PlatformSettings,
        images: Images,
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:platform:Platform", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.gateway, self.gateway_namespace = "axon", GATEWAY_NAMESPACE
        self.url = Gateway(self.gateway, settings, images, opts=child).url
        if settings.install and settings.metrics_server:
            MetricsServer("metrics-server", settings, images, opts=child)
        self.namespace = self._models_namespace(settings.namespace).metadata.name.apply(str)
        self.register_outputs({"url": self.url, "namespace": self.namespace})

    def _models_namespace(self, name: str) -> k8s.core.v1.Namespace:
        # https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
        labels = {
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/warn": "restricted",
        }
        return k8s.core.v1.Namespace(
            name,
            metadata=k8s.meta.v1.ObjectMetaArgs(name=name, labels=labels),
            opts=pulumi.ResourceOptions(parent=self),
        )
