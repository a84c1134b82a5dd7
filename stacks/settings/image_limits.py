"""Settings of `server` for an image of the user's own, and the proxy that enforces them."""

import math
from collections.abc import Iterator, Mapping, Set

from stacks.settings.compute import SidecarCompute
from stacks.settings.image_predictor import ImagePredictor
from stacks.settings.units import quantity_value

# Limits that a proxy in front of the container enforces.
LIMITS = ("max_concurrency", "max_queue_length", "max_body_size")
# An allow-list: all other keys of `server`, and new ones, have an effect only on axon's own runtime.
_HOLD = (*LIMITS, "request_timeout")
# Memory of Envoy without requests, and for bodies of unknown length while it reads them.
_BASE_MEBIBYTES, _BODIES = 128, 4


def image_problems(image: ImagePredictor, stated: Set[str]) -> Iterator[tuple[str, str]]:
    """Yield the keys of `server` that are set for an image and would have no effect, with the reason."""
    for key in sorted(stated):
        if key not in _HOLD:
            yield key, f"is of axon's own runtime: of an image only {', '.join(_HOLD)} can be set"
    if "max_queue_length" in stated and "max_concurrency" not in stated:
        yield "max_queue_length", "waits for `max_concurrency`, which has to be given as well"
    if "request_timeout" in stated and image.stream_idle_timeout:
        yield "request_timeout", "does not hold with `predictor.stream_idle_timeout`: leave one of them out"


def proxy_compute(limits: Mapping[str, int | str]) -> SidecarCompute:
    """Return the resources of the proxy that enforces `limits`."""
    body = math.ceil(quantity_value(str(limits.get("max_body_size", 0))) / 2**20)
    return SidecarCompute(mem=f"{_BASE_MEBIBYTES + _BODIES * body}Mi")
