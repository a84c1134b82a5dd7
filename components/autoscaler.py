"""Autoscaler of the replica count of a model API."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.metadata import metadata
from components.platform import Platform
from components.platform.prometheus import SCRAPE_SECONDS
from stacks.settings.autoscaling import Autoscaling
from stacks.settings.model import ImagePredictor, Model
from stacks.settings.units import duration_seconds

# Evaluation period of a HorizontalPodAutoscaler, on EKS and by default:
# https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/
_PERIOD_SECONDS = 15
# Time for which a refused connection keeps a model active: a few scrapes.
_ACTIVE_SECONDS = 15
# Failed polls of KEDA after which the replica count stays as it is.
_LOST_AFTER = 3


def autoscaler(
    name: str,
    model: Model,
    *,
    platform: Platform,
    clusters: str,
    labels: Mapping[str, str],
    deployment: k8s.apps.v1.Deployment,
    opts: pulumi.ResourceOptions,
) -> pulumi.CustomResource:
    """Return KEDA's ScaledObject, or a HorizontalPodAutoscaler if cpu and memory are the only triggers.

    `clusters` is a regular expression for the Envoy clusters by which the gateway counts the model's
    requests.
    """
    plain, target = is_plain(model), deployment.metadata.name
    spec = (
        _plain(model.autoscaling, target)
        if plain
        else _scaled(model, target, _triggers(name, model, platform, clusters))
    )
    # As custom resources both have one shape, and share the `behavior` that KEDA passes on.
    return k8s.apiextensions.CustomResource(
        name,
        api_version="autoscaling/v2" if plain else "keda.sh/v1alpha1",
        kind="HorizontalPodAutoscaler" if plain else "ScaledObject",
        metadata=metadata(name, platform, labels, None if plain else _annotations(model)),
        spec=spec,
        opts=opts,
    )


def is_plain(model: Model) -> bool:
    """Return whether the model needs no more than Kubernetes' own HorizontalPodAutoscaler."""
    scaling = model.autoscaling
    return model.target_in_flight is None and not scaling.schedules and scaling.init_replicas is None


def _annotations(model: Model) -> dict[str, str]:
    # https://keda.sh/docs/latest/concepts/scaling-deployments/#pausing-autoscaling
    paused = {"autoscaling.keda.sh/paused-replicas": "0"} if model.paused else {}
    return {"pulumi.com/waitFor": "condition=Ready", **paused}


def _scaled(model: Model, target: pulumi.Input[Any], triggers: list[dict[str, Any]]) -> dict[str, Any]:
    scaling = model.autoscaling
    spec: dict[str, Any] = {
        "scaleTargetRef": {"name": target},
        "minReplicaCount": scaling.min_replicas,
        "maxReplicaCount": scaling.max_replicas,
        "pollingInterval": SCRAPE_SECONDS,
        # Time from the last request until the model scales to zero.
        "cooldownPeriod": int(duration_seconds(scaling.downscale_stabilization_period)),
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": _behavior(scaling)}},
        "triggers": triggers,
    }
    if scaling.init_replicas:
        # Without this value KEDA would scale a model to zero before its first request. Above one replica the
        # HorizontalPodAutoscaler waits by itself, since it takes the first count as a recommendation.
        spec["initialCooldownPeriod"] = spec["cooldownPeriod"]
    if model.target_in_flight is not None:
        # Without a metric the last count stays; KEDA requires a number all the same.
        replicas = max(1, scaling.min_replicas)
        fallback = {"failureThreshold": _LOST_AFTER, "replicas": replicas, "behavior": "currentReplicas"}
        spec["fallback"] = fallback
    return spec


def _triggers(name: str, model: Model, platform: Platform, clusters: str) -> list[dict[str, Any]]:
    scaling = model.autoscaling
    triggers: list[dict[str, Any]] = []
    if model.target_in_flight is not None:
        query = {
            "serverAddress": platform.prometheus,
            "query": _query(name, platform.namespace_name, model, clusters),
            "threshold": f"{model.target_in_flight:g}",
            # A missing series is an error, not a zero: a Prometheus without targets must not scale a model
            # down.
            "ignoreNullValues": "false",
        }
        triggers.append({"type": "prometheus", "metricType": "AverageValue", "metadata": query})
    for resource, target in _utilizations(scaling):
        value = {"value": str(target)}
        triggers.append({"type": resource, "metricType": "Utilization", "metadata": value})
    for schedule in scaling.schedules:
        times = {
            "timezone": schedule.timezone,
            "start": schedule.start,
            "end": schedule.end,
            "desiredReplicas": str(schedule.replicas),
        }
        triggers.append({"type": "cron", "metadata": times})
    return triggers


def _query(name: str, namespace: str, model: Model, clusters: str) -> str:
    """Return the PromQL query: the requests in flight for the model, averaged over the window."""
    window = model.autoscaling.window
    at_gateway = f'{{envoy_cluster_name=~"{clusters}"}}'
    series = f'axon_in_flight_requests{{namespace="{namespace}",model_api="{name}"}}'
    if isinstance(model.predictor, ImagePredictor):  # an image may export no metrics: the gateway counts
        series = f"envoy_cluster_upstream_rq_active{at_gateway}"
    in_flight = f"sum(avg_over_time({series}[{window}]))"
    if not model.sleeps:
        return in_flight
    # A model without replicas has no requests in flight; refused connections count instead
    # (components/traffic_policy.py).
    refused = f"sum(rate(envoy_cluster_upstream_cx_connect_fail{at_gateway}[{_ACTIVE_SECONDS}s])) > bool 0"
    return f"({in_flight} or vector(0)) + ({refused} or vector(0))"


def _utilizations(scaling: Autoscaling) -> list[tuple[str, int]]:
    targets = {"cpu": scaling.target_cpu_utilization, "memory": scaling.target_memory_utilization}
    return [(resource, target) for resource, target in targets.items() if target is not None]


def _behavior(scaling: Autoscaling) -> dict[str, Any]:
    up, down = scaling.max_upscale_factor - 1, 1 - scaling.max_downscale_factor
    return {
        "scaleUp": {
            "stabilizationWindowSeconds": int(duration_seconds(scaling.upscale_stabilization_period)),
            "tolerance": _canonical(scaling.upscale_tolerance),
            **_pace(up),
        },
        "scaleDown": {
            "stabilizationWindowSeconds": int(duration_seconds(scaling.downscale_stabilization_period)),
            "tolerance": _canonical(scaling.downscale_tolerance),
            **_pace(down),
        },
    }


def _canonical(share: float) -> str:
    """Return a quantity in Kubernetes' canonical form, in which KEDA writes it back; another form would be
    a conflict.
    """
    return f"{round(share * 1000)}m" if share else "0"


def _pace(share: float) -> dict[str, Any]:
    share_of_all = {"type": "Percent", "value": max(1, round(share * 100)), "periodSeconds": _PERIOD_SECONDS}
    one = {"type": "Pods", "value": 1, "periodSeconds": _PERIOD_SECONDS}
    return {"selectPolicy": "Max", "policies": [share_of_all, one]}


def _plain(scaling: Autoscaling, target: pulumi.Input[Any]) -> dict[str, Any]:
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
        "minReplicas": scaling.min_replicas,
        "maxReplicas": scaling.max_replicas,
        "metrics": [_resource_metric(*signal) for signal in _utilizations(scaling)],
        "behavior": _behavior(scaling),
    }


def _resource_metric(resource: str, percent: int) -> dict[str, Any]:
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": resource, "target": target}}
