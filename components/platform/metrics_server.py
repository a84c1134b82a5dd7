"""metrics-server: source of the autoscaler's cpu and memory metrics."""

import pulumi

from components.kubernetes_cluster import Placement
from components.platform import versions
from components.platform.chart import chart
from stacks.settings import images, platform

# The pod's own CA file signs kubelets' serving certificates on EKS and on local clusters: TLS is verified.
KUBELET_CA = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"


class MetricsServer(pulumi.ComponentResource):
    """Resource metrics API, from upstream's chart."""

    def __init__(
        self,
        name: str,
        settings: platform.Platform,
        registry: images.Images,
        placement: Placement,
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:platform:MetricsServer", name, None, opts)
        chart(
            versions.METRICS_SERVER_CHART,
            mirror=settings.charts,
            namespace="kube-system",
            values={
                "image": registry.chart_image(versions.METRICS_SERVER_IMAGE),
                "args": [f"--kubelet-certificate-authority={KUBELET_CA}"],
                # Ready after its first scrape, not after a fixed 20 s.
                "readinessProbe": {"initialDelaySeconds": 0, "periodSeconds": 2},
                **registry.chart_secrets,
                **placement.values,
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
