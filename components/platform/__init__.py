"""Platform: the add-ons that any cluster needs before it can serve a model."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes_cluster import OnAws, Placement
from components.platform.endpoint_policies import EndpointPolicies
from components.platform.entrance import GATEWAY_LABEL, Entrance, entrance
from components.platform.gateway import NAMESPACE as GATEWAY_NAMESPACE
from components.platform.gateway import Gateway
from components.platform.internal_networks import internal_networks
from components.platform.keda import Keda
from components.platform.limits import limits
from components.platform.metrics_server import MetricsServer
from components.platform.priority_classes import priority_classes
from components.platform.prometheus import Prometheus
from components.platform.webhooks import once_the_claim_is_known
from stacks.settings.images import Images
from stacks.settings.platform import Platform as PlatformSettings


class Platform(pulumi.ComponentResource):
    """Gateway, metrics, the namespace of the models, and the AWS part of the platform on a cluster on AWS."""

    url: pulumi.Output[str]
    """Base URL of the gateway: `http://host[:port]`, or `https://host`."""

    claimed: pulumi.ResourceHookBinding
    """Resource hooks of routes, which retry until the API server knows the claim of the route."""

    gateway: str
    """Name of the Gateway that routes attach to."""

    gateway_namespace: str
    """Namespace of the Gateway."""

    internal_networks: Sequence[str]
    """Networks that a replica does not reach through the egress rule for fetching its model."""

    namespace: pulumi.Output[str]
    """Namespace of the model APIs, an output."""

    namespace_name: str
    """Name of the models' namespace."""

    pod_labels: Mapping[str, str]
    """Labels that replicas get in addition to their own."""

    priority_classes: Mapping[str, pulumi.Output[str]]
    """Names of the PriorityClasses that the platform creates, outputs."""

    prometheus: str
    """URL of the Prometheus that autoscaling queries."""

    prometheus_namespace: str
    """Namespace from which the replicas' metrics are scraped."""

    def __init__(
        self,
        name: str,
        settings: PlatformSettings,
        images: Images,
        *,
        placement: Placement | None = None,
        on_aws: OnAws | None = None,
        longest_request: float = 0,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the platform. `longest_request`: the timeout of the slowest model's requests, in seconds."""
        super().__init__("axon:platform:Platform", name, None, opts)
        self._settings, self._images = settings, images
        self._placement = placement or Placement()
        self._child, self._longest = pulumi.ResourceOptions(parent=self), longest_request
        self.gateway, self.gateway_namespace = "axon", GATEWAY_NAMESPACE
        self.claimed = once_the_claim_is_known()
        models = self._models_namespace(settings.namespace)
        self.url = self._entrance(on_aws, models)
        self._metrics()
        self.pod_labels, self.prometheus_namespace = settings.labels, settings.prometheus.namespace
        self.namespace_name, self.prometheus = settings.namespace, settings.prometheus.url
        self.internal_networks = internal_networks(settings, on_aws)
        self.namespace = models.metadata.name.apply(str)
        made = settings.priority_classes if settings.install else {}
        self.priority_classes = priority_classes(made, self._child)
        if settings.quota:
            limits(settings.quota, self.namespace, self._child)
        self.register_outputs({"url": self.url, "namespace": self.namespace})

    def _entrance(self, on_aws: OnAws | None, models: pulumi.Resource) -> pulumi.Output[str]:
        """Create the gateway, and on AWS its load balancer; return the base URL for clients."""
        settings, images, placement = self._settings, self._images, self._placement
        ways = entrance(settings.gateway, on_aws.settings.load_balancer if on_aws else None)
        if on_aws is None:
            gateway = self._gateway(ways, models)
            self._endpoints(ways, gateway.url.apply(_host), gateway.address)
            return gateway.url
        from components.platform.on_aws import AwsPlatform  # imports AWS' SDK, which takes seconds

        on = AwsPlatform("aws", on_aws, settings, images, placement, ways.exposed, opts=self._child)
        on.bind(self._gateway(ways, models, on.balancer.address))
        dns, own = on_aws.settings.load_balancer.dns, settings.gateway.url
        url = pulumi.Output.from_input(own) if own else on.balancer.url
        names = dns.hostnames if dns else []
        self._endpoints(ways, url.apply(_host), on.balancer.address, *names)
        return url

    def _gateway(
        self, ways: Entrance, models: pulumi.Resource, address: pulumi.Output[str] | None = None
    ) -> Gateway:
        return Gateway(
            self.gateway,
            self._settings,
            self._images,
            ways,
            self._placement,
            address=address,
            longest_request=self._longest,
            labelled=[models],
            opts=self._child,
        )

    def _endpoints(self, ways: Entrance, *addresses: pulumi.Input[str]) -> None:
        """Restrict each namespace to the endpoints that it has claimed, and the gateway's host names to
        this one.
        """
        if not self._settings.install:
            return
        names = [listener.hostname for listener in ways.listeners if listener.hostname]
        hosts = pulumi.Output.all(*addresses).apply(lambda found: sorted({*names, *map(str, found)}))
        owner = self._settings.namespace
        EndpointPolicies("axon", self.gateway, self.gateway_namespace, owner, hosts, opts=self._child)

    def _metrics(self) -> None:
        """Install the metrics components that autoscaling requires."""
        settings = self._settings
        if not settings.install:
            return
        if settings.metrics_server:
            MetricsServer("metrics-server", settings, self._images, self._placement, opts=self._child)
        if settings.keda:
            Keda("keda", settings, self._images, self._placement, opts=self._child)
        if settings.prometheus.is_ours:
            Prometheus("prometheus", settings, self._images, self._placement, opts=self._child)

    def _models_namespace(self, name: str) -> k8s.core.v1.Namespace:
        # https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
        labels = {
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/warn": "restricted",
            **GATEWAY_LABEL,
        }
        return k8s.core.v1.Namespace(
            name,
            metadata=k8s.meta.v1.ObjectMetaArgs(name=name, labels=labels),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
