"""Consistency checks across the gateway and the models behind it."""

from collections.abc import Iterator

from stacks.settings.errors import Problem
from stacks.settings.stack import Stack
from stacks.settings.times import request_seconds
from stacks.settings.units import duration_seconds


def gateway_problems(stack: Stack) -> Iterator[Problem]:
    """Yield models whose requests the gateway would cut off while they arrive."""
    given = stack.platform.gateway.body_timeout
    if given is None or not stack.platform.install:
        return
    for name, model in stack.models.items():
        if (request_seconds(model) or 0) > duration_seconds(given):
            timeout = model.server.request_timeout
            message = f"{given} is less than {timeout}, the `request_timeout` of {name}: uploads would be cut"
            yield Problem(("platform", "gateway", "body_timeout"), message)
            return
