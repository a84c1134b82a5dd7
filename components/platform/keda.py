"""KEDA: it makes of Prometheus' answers what a HorizontalPodAutoscaler reads."""

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes_cluster import Placement
from components.platform import versions
from components.platform.chart import chart
from stacks.settings import images, platform

NAMESPACE = "keda"


class Keda(pulumi.ComponentResource):
    """KEDA's operator and its metrics server, from upstream's chart."""

    def __init__(
        self,
        name: str,
        settings: platform.Platform,
        registry: images.Images,
        placement: Placement,
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:platform:Keda", name, None, opts)
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        namespace = k8s.core.v1.Namespace(
            NAMESPACE,
            metadata=k8s.meta.v1.ObjectMetaArgs(name=NAMESPACE, labels=labels),
            opts=pulumi.ResourceOptions(parent=self),
        )
        chart(
            versions.KEDA_CHART,
            mirror=settings.charts,
            namespace=namespace.metadata.name.apply(str),
            values={
                "image": {
                    "keda": _image(registry, versions.KEDA_IMAGE),
                    "metricsApiServer": _image(registry, versions.KEDA_METRICS_IMAGE),
                    "pullPolicy": "IfNotPresent",
                },
                # What they check is checked before, with the line of the stack file.
                "webhooks": {"enabled": False},
                **registry.chart_secrets,
                **placement.values,
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[namespace]),
        )
        self.register_outputs({})


def _image(registry: images.Images, upstream: str) -> dict[str, str]:
    path, tag = registry.mirrored(upstream).rsplit(":", 1)
    host, repository = path.split("/", 1)
    return {"registry": host, "repository": repository, "tag": tag}
