"""`axon:platform`: the add-ons that every model API needs."""

from typing import Literal

from pydantic import Field

from stacks.settings.base import Settings
from stacks.settings.units import DnsLabel, RelativePath


class Gateway(Settings):
    """The one entrance to every model API."""

    service_type: Literal["LoadBalancer", "ClusterIP"] = "LoadBalancer"
    """`LoadBalancer` on clouds; `ClusterIP` where the node itself is the client, as on one machine."""

    port: int = Field(default=80, ge=1, le=65535)
    """The HTTP port that the gateway listens on."""

    replicas: int = Field(default=2, ge=1, le=20)
    """Envoy proxies. Two, so that one may be drained or die without a refused connection."""


class Platform(Settings):
    """Gateway and resource metrics."""

    install: bool = True
    """Install gateway and resource metrics. `false` where another stack of the same cluster does."""

    namespace: DnsLabel = "models"
    """Namespace of the stack's models: one of its own for each stack of a shared cluster."""

    charts: RelativePath | None = None
    """A folder of the project that holds the upstream charts, for machines that cannot fetch them."""

    gateway: Gateway = Gateway()
    """How requests come in."""

    metrics_server: bool = True
    """Install metrics-server, which the autoscaler reads. `false` where the cluster has one (k3s, GKE)."""
