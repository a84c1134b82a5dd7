"""The way from the gateway to the replicas of a model API."""

import math
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.platform import Platform
from stacks.settings.model import Model
from stacks.settings.units import duration_seconds

# How long a request waits for the first replica of a model that has none.
HOLD_SECONDS = 60
# The gateway gives up a little later than the replica, whose word says why.
_LATER_SECONDS = 5
_ACCEPTED = 'jsonpath={.status.parents[0].conditions[?(@.type=="Accepted")].status}=True'
_POLICY_ACCEPTED = 'jsonpath={.status.ancestors[0].conditions[?(@.type=="Accepted")].status}=True'


def route(
    name: str,
    model: Model,
    *,
    platform: Platform,
    labels: Mapping[str, str],
    service: k8s.core.v1.Service,
    opts: pulumi.ResourceOptions,
) -> None:
    """Make the HTTPRoute of a model, and how the gateway treats what goes wrong behind it."""

    def metadata(ready: str) -> k8s.meta.v1.ObjectMetaArgs:
        return k8s.meta.v1.ObjectMetaArgs(
            name=name,
            namespace=platform.namespace,
            labels=labels,
            annotations={"pulumi.com/waitFor": ready},
        )

    made = k8s.apiextensions.CustomResource(
        name,
        api_version="gateway.networking.k8s.io/v1",
        kind="HTTPRoute",
        metadata=metadata(_ACCEPTED),
        spec={
            "parentRefs": [{"name": platform.gateway, "namespace": platform.gateway_namespace}],
            "rules": [_rule(model, model.endpoint(name), service)],
        },
        opts=opts,
    )
    target = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": name}
    k8s.apiextensions.CustomResource(
        name,
        api_version="gateway.envoyproxy.io/v1alpha1",
        kind="BackendTrafficPolicy",
        metadata=metadata(_POLICY_ACCEPTED),
        spec={"targetRefs": [target], **(_held() if model.sleeps else _retried())},
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[made])),
    )


def _rule(model: Model, endpoint: str, service: k8s.core.v1.Service) -> dict[str, Any]:
    # Models see `/` and what follows their endpoint, as Cortex's did.
    path = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}
    seconds = math.ceil(duration_seconds(model.server.request_timeout)) + _LATER_SECONDS
    return {
        "matches": [{"path": {"type": "PathPrefix", "value": endpoint}}],
        "filters": [{"type": "URLRewrite", "urlRewrite": {"path": path}}],
        "backendRefs": [{"name": service.metadata.name, "port": 80}],
        "timeouts": {"request": f"{seconds + (HOLD_SECONDS if model.sleeps else 0)}s"},
    }


# Only what no replica can have begun: predictions may cost, and need not be idempotent.
# https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on
_UNBEGUN = {"triggers": ["connect-failure", "refused-stream", "reset-before-request"]}


def _retried() -> dict[str, Any]:
    return {"retry": {"numRetries": 3, "retryOn": _UNBEGUN, "perRetry": _backoff("25ms", "250ms")}}


def _held() -> dict[str, Any]:
    """Let requests wait for a replica.

    They go to the Service's own address, which refuses connections while it has no replica, and are
    tried again; the refusals, which the gateway counts, are what wakes the model (components/autoscaler.py).
    """
    return {
        "routingType": "Service",
        "retry": {
            # Half a second apart on average: the backoff is jittered over its whole length.
            "numRetries": 2 * HOLD_SECONDS,
            "retryOn": _UNBEGUN,
            "perRetry": _backoff("100ms", "1s"),
        },
        # Envoy's own default lets 3 wait.
        "circuitBreaker": {"maxParallelRetries": 1024, "maxPendingRequests": 1024},
    }


def _backoff(base: str, longest: str) -> dict[str, Any]:
    return {"backOff": {"baseInterval": base, "maxInterval": longest}}
