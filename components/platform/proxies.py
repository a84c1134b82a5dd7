"""Envoy proxies of the Gateway: their number, their placement, and their Service."""

from typing import Any

from components.kubernetes_cluster import Placement
from components.platform import versions
from components.platform.entrance import Entrance
from components.platform.spread import spread
from stacks.settings.gateway import Gateway
from stacks.settings.images import Images


def proxies(
    gateway: str, service: str, settings: Gateway, images: Images, entrance: Entrance, placement: Placement
) -> dict[str, Any]:
    """Return the spec of the EnvoyProxy for the Gateway called `gateway`."""
    service_type = "ClusterIP" if entrance.behind_load_balancer else settings.service_type
    deployment: dict[str, Any] = {
        "replicas": settings.replicas,
        "container": {"image": images.mirrored(versions.ENVOY_IMAGE)},
    }
    several = settings.replicas > 1
    own = {"gateway.envoyproxy.io/owning-gateway-name": gateway}
    spreads = {"topologySpreadConstraints": spread(own)} if several else {}
    if pod := {**placement.values, **spreads, **images.chart_secrets}:
        deployment["pod"] = pod
    kubernetes: dict[str, Any] = {
        "envoyService": {"name": service, "type": service_type},
        "envoyDeployment": deployment,
    }
    if several:
        # With a single proxy, a budget would block drains of its node forever.
        kubernetes["envoyPDB"] = {"maxUnavailable": 1}
    return {"provider": {"type": "Kubernetes", "kubernetes": kubernetes}}
