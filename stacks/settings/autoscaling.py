"""`autoscaling` of a model: limits, speed and signals of its replica count."""

from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.base import Settings
from stacks.settings.cron import Cron, TimeZone, cron_times
from stacks.settings.durations import StabilizationPeriod, WholeSeconds, Window

Tolerance = Annotated[float, Field(ge=0, lt=1)]


class Schedule(Settings):
    """Minimum number of replicas during certain times, whatever the load."""

    start: Cron
    """Time at which the replicas are started, as five cron fields: minute, hour, day of the month, month, day
    of the week.
    """

    end: Cron
    """Time at which the schedule ends, as five cron fields. It must differ from `start`."""

    replicas: int = Field(ge=1, le=1000)
    """Minimum number of replicas between `start` and `end`, 1 to 1000 and at most `max_replicas`."""

    timezone: TimeZone = "UTC"
    """IANA time zone in which `start` and `end` are interpreted, such as `Europe/Berlin`."""

    @model_validator(mode="after")
    def _apart(self) -> "Schedule":
        if cron_times(self.start) == cron_times(self.end):  # KEDA rejects it
            raise PydanticCustomError("order", "is the same time as `start`", {"at": "end"})
        return self


class Autoscaling(Settings):
    """Limits, speed and signals of the replica count. Only the autoscaler changes that count.

    If there are several signals, the one that requires the highest number of replicas decides.
    """

    min_replicas: int = Field(default=1, ge=0, le=1000)
    """Minimum number of replicas. `0` scales to zero when the model is idle; the next request waits until a
    replica is ready.
    """

    wake_timeout: WholeSeconds | None = None
    """Time that a request waits for the first replica if `min_replicas` is 0; then the response is 503 with
    `Retry-After`.

    Whole seconds, 1s to 1h. Unset: the time that starting may take, which is the longer of five minutes and
    `update_strategy.timeout`, or an image's `startup`.
    """

    max_replicas: int = Field(default=100, ge=1, le=1000)
    """Maximum number of replicas. The same value as `min_replicas` makes the number fixed."""

    init_replicas: int | None = Field(default=None, ge=1, le=1000)
    """Number of replicas when the model is deployed for the first time.

    They are kept for `downscale_stabilization_period`, whatever the load. Unset: one replica, then
    `min_replicas`. Set it if a new model receives its full load at once.
    """

    target_in_flight: float | None = Field(default=None, ge=0.01, le=20000)
    """Target number of requests in flight, executing and waiting, per replica. A lower value gives shorter
    waits and more replicas.

    Unset, and without another signal: 8 for a saved model, which runs requests in batches;
    `threads_per_process` for a Python predictor; `max_concurrency` for an image, or 1 if that is unset.
    """

    target_cpu_utilization: int | None = Field(default=None, ge=1, le=1000)
    """Target CPU use in percent of the replicas' CPU request, averaged over the replicas. Unset: CPU is no
    signal.
    """

    target_memory_utilization: int | None = Field(default=None, ge=1, le=1000)
    """Target memory use in percent of the replicas' memory request, averaged over the replicas. Unset: memory
    is no signal.
    """

    schedules: list[Schedule] = Field(default_factory=list[Schedule], max_length=10)
    """Minimum numbers of replicas during certain times. Set it for load that is known in advance."""

    # With 60s, a tenfold step of the load took minutes to follow.
    window: Window = "15s"
    """Time window over which requests in flight are averaged, 10s to 1h. A longer
    window reacts more slowly.
    """

    upscale_stabilization_period: StabilizationPeriod = "0s"
    """Time for which a higher replica count must be recommended before scaling up, up to 1h. Raise it to
    ignore short peaks.
    """

    downscale_stabilization_period: StabilizationPeriod = "5m"
    """Time for which a lower replica count must be recommended before scaling down, up to 1h. A longer time
    keeps replicas between peaks.
    """

    max_upscale_factor: float = Field(default=10, gt=1, le=1000)
    """Maximum factor by which the replica count may grow every 15 seconds. Adding one replica is always
    allowed.
    """

    max_downscale_factor: float = Field(default=0.75, ge=0, lt=1)
    """Minimum factor by which the replica count may shrink every 15 seconds. Removing one replica is always
    allowed.
    """

    upscale_tolerance: Tolerance = 0.05
    """Relative deviation above a signal's target that causes no scaling; `0.05` is 5 percent. Requires
    Kubernetes 1.35; older versions use 0.1.
    """

    downscale_tolerance: Tolerance = 0.05
    """Relative deviation below a signal's target that causes no scaling; `0.05` is 5 percent. Requires
    Kubernetes 1.35; older versions use 0.1.
    """

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
