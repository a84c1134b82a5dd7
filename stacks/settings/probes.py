"""Probes of a container, and what runs before it is told to end."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.base import Settings
from stacks.settings.durations import WholeSeconds, between
from stacks.settings.units import Duration, duration_seconds

Port = Annotated[int, Field(ge=1, le=65535)]
# While this passes, the gateway learns that a replica is going; its requests still succeed.
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
    """A question that Kubernetes asks a container regularly: one of `http`, `tcp`, `grpc`, `command`."""

    http: ProbePath | None = None
    """A path that answers 200 to 399."""

    tcp: Port | None = None
    """A port that accepts connections."""

    grpc: Port | None = None
    """A port with the service `grpc.health.v1.Health`, which answers SERVING."""

    command: Command | None = None
    """A program in the container, with its arguments, that ends with 0."""

    port: Port | None = None
    """The port of `http`. Unset: the container's own."""

    service: str | None = Field(default=None, min_length=1, max_length=253)
    """The service that `grpc` is asked about. Unset: the server as a whole."""

    initial_delay: Duration = "0s"
    """How long after the start of the container it is first asked, in whole seconds."""

    period: WholeSeconds | None = None
    """How often it is asked, in whole seconds. Unset: 5s, for `liveness` 10s, for `startup` 1s."""

    timeout: WholeSeconds | None = None
    """How long an answer may take, in whole seconds. Unset: `probe_timeout`."""

    failures: int | None = Field(default=None, ge=1, le=10000)
    """Failures in a row that count. Unset: 2, for `liveness` 6, for `startup` five minutes' worth."""

    @property
    def asked(self) -> list[str]:
        """Return which of the kinds of question are given."""
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
    """A probe that has a question of its own."""

    @model_validator(mode="after")
    def _asks(self) -> "Asking":
        if not self.asked:
            raise PydanticCustomError("probe", "needs one of `http`, `tcp`, `grpc`, `command`")
        return self


class Readiness(Asking):
    """Whether a replica gets requests: only while its answers are right."""

    successes: int = Field(default=1, ge=1, le=100)
    """Successes in a row after which a replica gets requests."""


class Liveness(Asking):
    """Whether a container is alive: it is ended and started again where it is not."""


class Startup(Probe):
    """How long starting may take. Until it succeeds, neither of the others is asked.

    Without a question of its own it asks what `readiness` does.
    """


class PreStop(Settings):
    """What happens before a container that is to end is told so (SIGTERM)."""

    sleep: DrainTime | None = None
    """How long it goes on as before, in whole seconds; at least 10s."""

    command: Command | None = None
    """A program in the container, with its arguments, that runs in place of the 10s.

    It has to take at least these 10 s while the server goes on: the gateway sends requests for so long.
    """

    @model_validator(mode="after")
    def _one(self) -> "PreStop":
        if bool(self.sleep) == bool(self.command):
            raise PydanticCustomError("pre_stop", "needs `sleep` or `command`: one of them")
        return self


def _wrong(at: str, message: str) -> PydanticCustomError:
    return PydanticCustomError("probe", "{message}", {"message": message, "at": at})
