"""What the gateway does with requests on their way to replicas: how many, how large, what is tried again."""

from typing import Any

from components.connections import connections
from stacks.settings.networking import Networking

# How long a request waits for the first replica of a model that has none.
HOLD_SECONDS = 60
# Only what no replica can have begun: predictions may cost, and need not be idempotent.
# https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on
_UNBEGUN = {"triggers": ["connect-failure", "refused-stream", "reset-before-request"]}


def traffic_policy(networking: Networking, *, held: bool) -> dict[str, Any]:
    """Return the spec of a route's BackendTrafficPolicy, without its target."""
    spec = {**(_held() if held else _retried()), **connections(networking, held=held)}
    if limit := networking.rate_limit:
        rule = {"limit": {"requests": limit.requests, "unit": limit.per.capitalize()}}
        spec["rateLimit"] = {"type": "Local", "local": {"rules": [rule]}}
    if networking.max_body_size:
        spec["requestBuffer"] = {"limit": networking.max_body_size}
    return spec


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
