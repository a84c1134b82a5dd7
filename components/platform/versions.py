"""Every version of the platform, in one place.

Charts and images are upstream's; `local/` makes the same ones from the same versions where nothing can
be fetched (a test compares them with `local/tools/*/go.mod` and `uv.lock`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ChartSource:
    """An upstream Helm chart: its repository (none for OCI), its name there, its version."""

    name: str
    version: str
    repository: str | None = None
    registry: str | None = None

    @property
    def reference(self) -> str:
        """What Helm calls the chart."""
        return f"{self.registry}/{self.name}" if self.registry else self.name


# https://gateway.envoyproxy.io/news/releases/v1.9/ : Gateway API 1.6, Envoy 1.39 by default
ENVOY_GATEWAY = "v1.9.1"
ENVOY = "v1.39.1"
METRICS_SERVER = "v0.9.0"

GATEWAY_CRDS_CHART = ChartSource("gateway-crds-helm", ENVOY_GATEWAY, registry="oci://docker.io/envoyproxy")
GATEWAY_CHART = ChartSource("gateway-helm", ENVOY_GATEWAY, registry="oci://docker.io/envoyproxy")
METRICS_SERVER_CHART = ChartSource(
    "metrics-server", "3.13.1", repository="https://kubernetes-sigs.github.io/metrics-server/"
)

ENVOY_GATEWAY_IMAGE = f"docker.io/envoyproxy/gateway:{ENVOY_GATEWAY}"
# The digest is the one that Envoy Gateway's own release pins for this tag.
ENVOY_IMAGE = (
    f"docker.io/envoyproxy/envoy:distroless-{ENVOY}"
    "@sha256:eb2c01c13125d1629637cb4e4cce7207009fb7cc2c8027f9742758549d15b6f4"
)
METRICS_SERVER_IMAGE = f"registry.k8s.io/metrics-server/metrics-server:{METRICS_SERVER}"
