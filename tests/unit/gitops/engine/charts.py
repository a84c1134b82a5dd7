"""The objects of Helm charts that the provider renders, each a resource of its own in a preview.

Rendering needs the charts and Helm. Here a chart is its workloads, whose inputs are the chart's values, and
what upstream's templates make of one value alone.
"""

from collections.abc import Iterator
from typing import Any

from tests.doubles.wire import Properties

CHART = "kubernetes:helm.sh/v4:Chart"
_DEPLOYMENT, _DAEMON = "kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:DaemonSet"
_WORKLOADS = {
    "aws-for-fluent-bit": ((_DAEMON, "aws-for-fluent-bit"),),
    "cluster-autoscaler": ((_DEPLOYMENT, "cluster-autoscaler"),),
    "external-dns": ((_DEPLOYMENT, "external-dns"),),
    "gateway-crds-helm": (),
    "keda": (
        (_DEPLOYMENT, "keda-operator"),
        (_DEPLOYMENT, "keda-operator-metrics-apiserver"),
        (_DEPLOYMENT, "keda-admission-webhooks"),
    ),
    "metrics-server": ((_DEPLOYMENT, "metrics-server"),),
    "neuron-helm-chart": ((_DAEMON, "neuron-device-plugin"),),
    "nvidia-device-plugin": ((_DAEMON, "nvidia-device-plugin"),),
}
_PRIORITIES = "expanderPriorities"


def objects_of(chart: str, inputs: Properties) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the type, the name and the inputs of a chart's objects."""
    namespace, values = inputs.get("namespace"), dict(inputs.get("values") or {})
    # templates/priority-expander-configmap.yaml of
    # https://github.com/kubernetes/autoscaler/tree/master/charts/cluster-autoscaler
    if priorities := values.pop(_PRIORITIES, None):
        name = "cluster-autoscaler-priority-expander"
        metadata = {"name": name, "namespace": namespace}
        yield "kubernetes:core/v1:ConfigMap", name, {"metadata": metadata, "data": {"priorities": priorities}}
    for token, name in _WORKLOADS[chart]:
        metadata = {"name": name, "namespace": namespace}
        yield token, name, {"metadata": metadata, "spec": {"template": {"values": values}}}
