"""`autoscaling` and `update_strategy`: most settings have the same names in Cortex."""

from typing import Any

from migrations.from_cortex.report import Fields, given
from migrations.from_cortex.values import duration

_ALIKE = (
    "min_replicas",
    "max_replicas",
    "init_replicas",
    "target_cpu_utilization",
    "max_downscale_factor",
    "max_upscale_factor",
    "downscale_tolerance",
    "upscale_tolerance",
)
_DURATIONS = ("window", "downscale_stabilization_period", "upscale_stabilization_period")
_UNMATCHED = {
    "tick": "has no match: Kubernetes looks every 15 s",
    "target_queue_length": "has no match: set `target_in_flight`, requests that wait or execute",
    "request_backlog": "has no match: set `server.max_queue_length`",
}


def autoscaling(fields: Fields) -> dict[str, Any]:
    """Return a model's `autoscaling`."""
    found = given(**{key: fields.take(key) for key in _ALIKE})
    found |= given(**{key: duration(fields.take(key)) for key in _DURATIONS})
    # A different name until v0.35.
    old, new = fields.take("target_replica_concurrency"), fields.take("target_in_flight")
    found |= given(target_in_flight=new or old)
    fields.unmatched(_UNMATCHED)
    fields.rest()
    return found


def update_strategy(fields: Fields) -> dict[str, Any]:
    """Return a model's `update_strategy`."""
    found = given(max_surge=fields.take("max_surge"), max_unavailable=fields.take("max_unavailable"))
    if str(found.get("max_surge", "")).strip("%") == "0" and "max_unavailable" not in found:
        # Cortex's default. Ours is zero, and with a `max_surge` of zero no rollout could proceed.
        found["max_unavailable"] = "25%"
    fields.rest()
    return found
