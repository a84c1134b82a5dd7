"""Probes of a container, and actions before its end."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.base import Settings
from stacks.settings.durations import WholeSeconds, between
from stacks.settings.units import Duration, duration_seconds

Port = Annotated[int, Field(ge=1, le=65535)]
# In this time the gateway removes an ending replica from its routes; requests to the replica still succeed.
DRAIN_SECONDS = 10
_KINDS = ("http", "tcp", "grpc", "command")


def _probe_path(text: str) -> str:
    if text.startswith("/") and not set(text) & set(" \t\n#"):
        return text
    raise ValueError(f'"{text}" is not a path such as /ready')


DrainTime = Annotated[
    Duration, between(f"{DRAIN_SECONDS}s", "1h", low="in which the gateway learns that a replica ends")
]
ProbePath = Annotated[str, AfterValidator(_probe_path)]
Command = Annotated[list[str], Field(min_length=1, max_length=64)]


class Probe(Settings):
    """A regular check of a container by Kubernetes, of one kind: `http`, `tcp`, `grpc` or `command`."""

    http: ProbePath | None = None
    """Path that must respond with a status of 200 to 399."""

    tcp: Port | None = None
    """Port that must accept connections."""

    grpc: Port | None = None
    """Port with the service `grpc.health.v1.Health`, which must respond SERVING."""

    command: Command | None = None
    """Program in the container, with its arguments, that must exit with 0."""

    port: Port | None = None
    """Port of an `http` probe. Unset: the container's own port."""

    service: str | None = Field(default=None, min_length=1, max_length=253)
    """Service whose health a `grpc` probe checks. Unset: the server as a whole."""

    initial_delay: Duration = "0s"
    """Time from the start of the container to the first check, in whole seconds."""

    period: WholeSeconds | None = None
    """Time between checks; whole seconds, 1s to 1h. Unset: 5s, for `liveness` 10s, for `startup` 1s."""

    timeout: WholeSeconds | None = None
    """Time limit of one check; whole seconds, 1s to 1h. Unset: `probe_timeout`."""

    failures: int | None = Field(default=None, ge=1, le=10000)
    """Number of consecutive failures that have an effect. Unset: 2, for `liveness` 6, for `startup` as many
    as fit in five minutes.
    """

    @property
    def asked(self) -> list[str]:
        """Return the kinds of the probe that are set."""
        return [kind for kind in _KINDS if getattr(self, kind) is not None]

    @model_validator(mode="after")
    def _sound(self) -> "Probe":
        if len(self.asked) > 1:
            raise _wrong(self.asked[1], f"stands beside `{self.asked[0]}`: give one of them")
        for key, kind in (("port", "http"), ("service", "grpc")):
            if getattr(self, key) is not None and kind not in self.asked:
                raise _wrong(key, f"is of `{kind}`, and there is none")
        if duration_seconds(self.initial_delay) > 3600:
            raise _wrong("initial_delay", f"{self.initial_delay} is more than 1h, the most allowed")
        return self


class Asking(Probe):
    """A probe with a kind of its own."""

    @model_validator(mode="after")
    def _asks(self) -> "Asking":
        if not self.asked:
            raise PydanticCustomError("probe", "needs one of `http`, `tcp`, `grpc`, `command`")
        return self


class Readiness(Asking):
    """Readiness probe: a replica receives requests only while it succeeds."""

    successes: int = Field(default=1, ge=1, le=100)
    """Number of consecutive successes after which a replica receives requests."""


class Liveness(Asking):
    """Liveness probe: a failure restarts the container."""


class Startup(Probe):
    """Startup probe: a time limit for starting. The other probes begin once it succeeds.

    If it has no kind of its own, it has that of `readiness`.
    """


class PreStop(Settings):
    """Action before a container that is to end receives SIGTERM."""

    sleep: DrainTime | None = None
    """Time for which the container continues as before, in whole seconds; 10s to 1h. Set either this or
    `command`.
    """

    command: Command | None = None
    """Program in the container, with its arguments, that runs instead of the wait of 10 s. Set either this or
    `sleep`.

    It must take at least 10 s while the server continues, since the gateway still sends requests during that
    time.
    """

    @model_validator(mode="after")
    def _one(self) -> "PreStop":
        if bool(self.sleep) == bool(self.command):
            raise PydanticCustomError("pre_stop", "needs `sleep` or `command`: one of them")
        return self


def _wrong(at: str, message: str) -> PydanticCustomError:
    return PydanticCustomError("probe", "{message}", {"message": message, "at": at})
