"""KEDA: provides Prometheus' query results to HorizontalPodAutoscalers."""

from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes_cluster import Placement
from components.platform import versions
from components.platform.chart import chart
from components.platform.ingress_policies import from_anywhere, from_same_namespace, ingress_policy
from components.platform.spread import spread
from stacks.settings import images, platform

NAMESPACE = "keda"
_METRICS_PORT = 6443


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
                # The settings are validated earlier, with the line of the stack file.
                "webhooks": {"enabled": False},
                **registry.chart_secrets,
                **_NO_SECRETS,
                **_replicated(settings.controllers),
                **placement.values,
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[namespace]),
        )
        # The API server requests metrics; operator and metrics server connect to each other.
        ingress_policy(
            NAMESPACE,
            namespace.metadata.name.apply(str),
            [from_same_namespace(), from_anywhere(_METRICS_PORT)],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


# None of the triggers used here (Prometheus, cpu, memory, schedules) has a credential: KEDA reads only the
# Secret of its own certificate. Scaling other kinds than Deployments would require read access to all objects
# of the cluster.
# https://github.com/kedacore/charts/blob/main/keda/values.yaml
_NO_SECRETS: dict[str, Any] = {
    "permissions": {
        "operator": {"restrict": {"secret": True}},
        "metricServer": {"restrict": {"secret": True}},
    },
    "rbac": {"enabledCustomScaledRefKinds": False},
}


def _replicated(count: int) -> dict[str, Any]:
    """Return the replica counts of KEDA's two parts, each with one leader and the others on standby."""
    counts: dict[str, Any] = {
        "operator": {"replicaCount": count},
        "metricsServer": {"replicaCount": count},
    }
    if count == 1:
        return counts
    return {
        **counts,
        "podDisruptionBudget": {"operator": {"maxUnavailable": 1}, "metricServer": {"maxUnavailable": 1}},
        "topologySpreadConstraints": {
            "operator": spread({"app": "keda-operator"}),
            "metricsServer": spread({"app": "keda-operator-metrics-apiserver"}),
        },
    }


def _image(registry: images.Images, upstream: str) -> dict[str, str]:
    path, tag = registry.mirrored(upstream).rsplit(":", 1)
    host, repository = path.split("/", 1)
    return {"registry": host, "repository": repository, "tag": tag}
