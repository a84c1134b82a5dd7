"""Traffic policy of the gateway for requests to replicas: limits, sizes, timeouts and retries."""

from collections.abc import Sequence
from typing import Any

from components.connections import connections
from stacks.settings.model import ImagePredictor, Model
from stacks.settings.networking import Networking
from stacks.settings.times import request_seconds, stream_idle_seconds, wake_seconds

# The gateway times out slightly later than the replica, whose response states the reason.
_MARGIN_SECONDS = 5
# Interval of attempts to reach the first replica of a model. Envoy waits a random part of it, half on
# average:
# https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#config-http-filters-router-x-envoy-max-retries
_TRY_SECONDS = 1
# The first few attempts have shorter intervals.
_SHORT_TRIES = 3
# Shorter than the idle timeout of servers (Gunicorn: 2 s): the gateway never reuses a connection that is
# being closed.
_IMAGE_IDLE = "1s"
# Time after which a client should retry a request for which no replica became ready.
_RETRY_AFTER_SECONDS = 30
# Only requests that no replica can have begun: predictions may be expensive, and need not be idempotent.
# https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on
_UNBEGUN = {"triggers": ["connect-failure", "refused-stream", "reset-before-request"]}


def traffic_policy(networking: Networking, models: Sequence[Model]) -> dict[str, Any]:
    """Return the spec of the BackendTrafficPolicy of a route to models, without its target."""
    hold = _hold_seconds(models)
    spec = {**(_held(hold) if hold else _retried()), **connections(networking, held=hold > 0)}
    # Otherwise the gateway would end streams that are idle for an hour, or less if its listener says so.
    silent = max(map(_silent_seconds, models)) + hold
    spec["timeout"]["http"]["streamIdleTimeout"] = f"{silent}s"
    if any(isinstance(model.predictor, ImagePredictor) and not model.proxied for model in models):
        spec["timeout"]["http"]["connectionIdleTimeout"] = _IMAGE_IDLE
    if limit := networking.rate_limit:
        rule = {"limit": {"requests": limit.requests, "unit": limit.per.capitalize()}}
        spec["rateLimit"] = {"type": "Local", "local": {"rules": [rule]}}
    if networking.max_body_size:
        spec["requestBuffer"] = {"limit": networking.max_body_size}
    return spec


def _retried() -> dict[str, Any]:
    return {"retry": {"numRetries": 3, "retryOn": _UNBEGUN, "perRetry": _backoff("25ms", "250ms")}}


def request_timeout(models: Sequence[Model]) -> str:
    """Return the gateway's timeout of a request to any of `models`; `0s`: no timeout, for streams."""
    seconds = [request_seconds(model) for model in models]
    longest = max(one or 0 for one in seconds)
    return "0s" if None in seconds else f"{longest + _MARGIN_SECONDS + _hold_seconds(models)}s"


def _silent_seconds(model: Model) -> int:
    return (stream_idle_seconds(model) or request_seconds(model) or 0) + _MARGIN_SECONDS


def _hold_seconds(models: Sequence[Model]) -> int:
    """Return how long requests are held for the first replica of a model that is scaled to zero."""
    return max((wake_seconds(model) for model in models if model.sleeps), default=0)


def _held(seconds: int) -> dict[str, Any]:
    """Return the options that hold requests until a replica is ready.

    The requests go to the Service's own address, which refuses connections while it has no replica, and are
    retried; the gateway counts the refused connections, which activate the model (components/autoscaler.py).
    """
    # Only for the gateway's own responses: a replica's 503 has its own Retry-After.
    response = {
        "header": {"set": [{"name": "retry-after", "value": str(_RETRY_AFTER_SECONDS)}]},
        "contentType": "application/json",
        "body": {"type": "Inline", "inline": '{"error": "no replica has started in time: ask again later"}'},
    }
    unavailable = {"statusCodes": [{"type": "Value", "value": 503}]}
    return {
        "routingType": "Service",
        "retry": {
            "numRetries": 2 * seconds // _TRY_SECONDS + _SHORT_TRIES,
            "retryOn": _UNBEGUN,
            "perRetry": _backoff("100ms", f"{_TRY_SECONDS}s"),
        },
        "responseOverride": [{"match": unavailable, "source": "Local", "response": response}],
        # Envoy's default allows 3 concurrent retries.
        "circuitBreaker": {"maxParallelRetries": 1024, "maxPendingRequests": 1024},
    }


def _backoff(base: str, longest: str) -> dict[str, Any]:
    return {"backOff": {"baseInterval": base, "maxInterval": longest}}
