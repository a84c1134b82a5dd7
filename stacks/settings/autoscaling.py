"""`autoscaling` of a model: how far, how fast and on what signals its replica count moves."""

from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.base import Settings
from stacks.settings.cron import Cron, TimeZone, cron_times
from stacks.settings.durations import StabilizationPeriod, WholeSeconds, Window

Tolerance = Annotated[float, Field(ge=0, lt=1)]


class Schedule(Settings):
    """Replicas that are there at certain times, whatever the load."""

    start: Cron
    """When they are wanted from, in five cron fields."""

    end: Cron
    """Until when."""

    replicas: int = Field(ge=1, le=1000)
    """How many, at least."""

    timezone: TimeZone = "UTC"
    """Whose clock."""

    @model_validator(mode="after")
    def _apart(self) -> "Schedule":
        if cron_times(self.start) == cron_times(self.end):  # KEDA refuses it
            raise PydanticCustomError("order", "is the same time as `start`", {"at": "end"})
        return self


class Autoscaling(Settings):
    """How far, how fast and on what signals the replica count moves. It belongs to the autoscaler alone.

    With several signals the one that asks for the most replicas wins.
    """

    min_replicas: int = Field(default=1, ge=0, le=1000)
    """Never fewer (default: Cortex's). 0: none while nobody asks; the next request waits for one."""

    wake_timeout: WholeSeconds | None = None
    """How long a request waits for the first replica where `min_replicas` is 0, then 503 with `Retry-After`.

    In whole seconds, from 1s to 1h. Unset: what starting may take, five minutes or `update_strategy.timeout`.
    """

    max_replicas: int = Field(default=100, ge=1, le=1000)
    """Never more (default: Cortex's). As many as `min_replicas`: a fixed number."""

    init_replicas: int | None = Field(default=None, ge=1, le=1000)
    """Replicas that a model begins with when it is deployed for the first time (name: Cortex's).

    They stay for `downscale_stabilization_period`, whatever the load. Unset: one, then `min_replicas`.
    """

    target_in_flight: float | None = Field(default=None, ge=0.01, le=20000)
    """Requests in flight (executing and waiting) for each replica (name: Cortex's).

    Unset, and with no other signal: 8 for a saved model, whose requests are run together;
    `threads_per_process` for a class of yours, `max_concurrency` for an image, 1 if that is not given.
    """

    target_cpu_utilization: int | None = Field(default=None, ge=1, le=1000)
    """Per cent of the cpu request, averaged over the replicas."""

    target_memory_utilization: int | None = Field(default=None, ge=1, le=1000)
    """Per cent of the memory request, averaged over the replicas."""

    schedules: list[Schedule] = Field(default_factory=list[Schedule], max_length=10)
    """Replicas that are there at certain times, at least."""

    window: Window = "15s"
    """What requests in flight are averaged over: 10s to 1h. Cortex's 60s made a tenfold step take minutes."""

    upscale_stabilization_period: StabilizationPeriod = "0s"
    """How long more must be wanted before there are more: up to 1h."""

    downscale_stabilization_period: StabilizationPeriod = "5m"
    """How long fewer must be wanted before there are fewer: up to 1h (default: Cortex's)."""

    max_upscale_factor: float = Field(default=10, gt=1, le=1000)
    """The most that 15 s may multiply the replicas by; one more is always allowed."""

    max_downscale_factor: float = Field(default=0.75, ge=0, lt=1)
    """The least that 15 s may multiply the replicas by (default: Cortex's); one fewer is always allowed."""

    upscale_tolerance: Tolerance = 0.05
    """How far above its target a signal may be (default: Cortex's). Kubernetes 1.35 or newer; else 0.1."""

    downscale_tolerance: Tolerance = 0.05
    """How far below its target a signal may be (default: Cortex's). Kubernetes 1.35 or newer; else 0.1."""

    @model_validator(mode="after")
    def _ordered(self) -> "Autoscaling":
        if self.min_replicas > self.max_replicas:
            raise PydanticCustomError(
                "order",
                "min_replicas is {low}, more than max_replicas, {high}",
                {"low": self.min_replicas, "high": self.max_replicas},
            )
        if self.init_replicas and not self.min_replicas <= self.init_replicas <= self.max_replicas:
            raise PydanticCustomError(
                "order",
                "{wanted} is not between min_replicas, {low}, and max_replicas, {high}",
                {
                    "wanted": self.init_replicas,
                    "low": self.min_replicas,
                    "high": self.max_replicas,
                    "at": "init_replicas",
                },
            )
        for schedule in self.schedules:
            if schedule.replicas > self.max_replicas:
                raise PydanticCustomError(
                    "order",
                    "a schedule wants {wanted} replicas, more than max_replicas, {high}",
                    {"wanted": schedule.replicas, "high": self.max_replicas},
                )
        return self
