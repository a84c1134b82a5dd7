"""`update_strategy` of a model: replacement of replicas during a rollout."""

import math
from collections.abc import Callable

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.base import Settings
from stacks.settings.durations import MinReady, RolloutTimeout
from stacks.settings.units import CountOrPercent, duration_seconds


class UpdateStrategy(Settings):
    """Replacement of replicas during a rollout."""

    max_surge: CountOrPercent = "25%"
    """Maximum number or percentage of replicas above the desired number during a rollout. A higher value
    finishes sooner and needs more capacity.
    """

    max_unavailable: CountOrPercent = "0"
    """Maximum number or percentage of replicas that may be unavailable during a rollout. The default never
    reduces capacity.
    """

    min_ready: MinReady = "0s"
    """Time for which a new replica must stay ready before an old one is removed, up to 1h.

    A ready replica has served its sample, and an old one drains for longer than the gateway needs to learn of
    the new one, so that the default adds no wait. Raise it for a model that fails only under traffic.
    """

    timeout: RolloutTimeout = "5m"
    """Time without progress after which a rollout is considered failed, 10s to 24h.

    Kubernetes' own default is 10m. Raise it for models that take longer to start.
    """

    def surge(self, replicas: int) -> int:
        """Return the number of replicas allowed above `replicas`: Kubernetes rounds percentages up."""
        return _of(self.max_surge, replicas, math.ceil)

    def unavailable(self, replicas: int) -> int:
        """Return how many of `replicas` may be unavailable: Kubernetes rounds percentages down."""
        return _of(self.max_unavailable, replicas, math.floor)

    def at_once(self, replicas: int) -> int:
        """Return the number of replicas that need room at once, so that an update of `replicas` finishes.

        If none may be unavailable, a new replica waits for room, and an old one for the new.
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
