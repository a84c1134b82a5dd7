"""AWS part of the platform."""

from collections.abc import Sequence

import pulumi

from components.kubernetes_cluster import OnAws, Placement
from components.platform.cluster_autoscaler import ClusterAutoscaler
from components.platform.device_plugins import DevicePlugins
from components.platform.entrance import Exposed
from components.platform.external_dns import ExternalDns
from components.platform.gateway import NAMESPACE, SERVICE, Gateway
from components.platform.load_balancer import LoadBalancer
from components.platform.load_balancer_controller import LoadBalancerController
from components.platform.logging import Logging
from components.platform.webhooks import once_the_webhook_answers
from stacks.settings import images, platform


class AwsPlatform(pulumi.ComponentResource):
    """Load balancer, node autoscaling, device plugins, logs, and optionally DNS."""

    balancer: LoadBalancer
    """The load balancer in front of the gateway."""

    def __init__(
        self,
        name: str,
        on_aws: OnAws,
        settings: platform.Platform,
        registry: images.Images,
        placement: Placement,
        exposed: Sequence[Exposed],
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:platform:AwsPlatform", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.balancer = LoadBalancer("load-balancer", on_aws, exposed, opts=self._child)
        ClusterAutoscaler("cluster-autoscaler", on_aws, settings, registry, placement, opts=self._child)
        self._controller = LoadBalancerController(
            "load-balancer-controller", on_aws, settings, registry, placement, opts=self._child
        )
        DevicePlugins("device-plugins", on_aws, settings, registry, opts=self._child)
        if on_aws.settings.logging.enabled:
            Logging("logging", on_aws, settings, registry, opts=self._child)
        if dns := on_aws.settings.external_dns:
            ExternalDns("external-dns", on_aws, dns, settings, registry, placement, opts=self._child)
        self.register_outputs({})

    def bind(self, gateway: Gateway) -> None:
        """Connect the load balancer to a gateway."""
        # Deleted before the controller, which must deregister the targets.
        after = pulumi.ResourceOptions(
            parent=self,
            depends_on=[self._controller.release, gateway],
            hooks=once_the_webhook_answers(),
        )
        self.balancer.bind(NAMESPACE, SERVICE, opts=after)
