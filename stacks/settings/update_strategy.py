"""`update_strategy` of a model: how a rollout replaces replicas."""

import math
from collections.abc import Callable

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.base import Settings
from stacks.settings.durations import MinReady, RolloutTimeout
from stacks.settings.units import CountOrPercent, duration_seconds


class UpdateStrategy(Settings):
    """How a rollout replaces replicas."""

    max_surge: CountOrPercent = "25%"
    """Replicas beyond the wanted number while a rollout runs (default: Kubernetes' and Cortex's)."""

    max_unavailable: CountOrPercent = "0"
    """Replicas that may be missing meanwhile. None, so that a rollout never costs capacity."""

    min_ready: MinReady = "0s"
    """How long a new replica must stay ready before an old one goes: up to 1h.

    Ready means that it has answered its sample, and an old one drains for longer than the gateway takes
    to learn of the new; so the default adds nothing. A model that fails under traffic alone needs some.
    """

    timeout: RolloutTimeout = "5m"
    """When a rollout that makes no progress has failed: 10s to 24h (Kubernetes' own default is 10m)."""

    def surge(self, replicas: int) -> int:
        """Return how many more than `replicas` there may be at once: Kubernetes rounds shares of them up."""
        return _of(self.max_surge, replicas, math.ceil)

    def unavailable(self, replicas: int) -> int:
        """Return how many of `replicas` may be missing: Kubernetes rounds shares of them down."""
        return _of(self.max_unavailable, replicas, math.floor)

    def at_once(self, replicas: int) -> int:
        """Return how many replicas there must be room for, so that an update of `replicas` ends.

        Where none may be missing a new one waits for room, and an old one for the new.
        """
        return replicas if self.unavailable(replicas) else replicas + self.surge(replicas)

    @model_validator(mode="after")
    def _moves(self) -> "UpdateStrategy":
        if self.max_surge.strip("%") == "0" and self.max_unavailable.strip("%") == "0":
            raise PydanticCustomError(
                "order", "max_surge and max_unavailable are both 0, so no replica could be replaced"
            )
        return self

    @model_validator(mode="after")
    def _in_time(self) -> "UpdateStrategy":
        if duration_seconds(self.min_ready) >= duration_seconds(self.timeout):
            raise PydanticCustomError(
                "order",
                "{low} is not less than `timeout`, {high}: no rollout would ever be in time",
                {"low": self.min_ready, "high": self.timeout, "at": "min_ready"},
            )
        return self


def _of(given: str, replicas: int, rounded: Callable[[float], int]) -> int:
    return rounded(replicas * int(given[:-1]) / 100) if given.endswith("%") else int(given)
