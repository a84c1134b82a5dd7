"""`predictor` of a model that is an image: its process, its probes and the containers beside it."""

import math
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.aws.units import no_duplicates
from stacks.settings.base import Settings
from stacks.settings.compute import SidecarCompute
from stacks.settings.durations import WholeSeconds
from stacks.settings.environment import Environment, Words, check_environment
from stacks.settings.probes import (
    DRAIN_SECONDS,
    Liveness,
    Port,
    PreStop,
    ProbePath,
    Readiness,
    Startup,
)
from stacks.settings.sources import ObjectName
from stacks.settings.units import DnsLabel, ImageReference, duration_seconds

PREDICTOR = "predictor"
"""What the container that answers is called."""

PROXY, PROXY_PORT = "admission", 15080
"""What the proxy before it is called, and the port that it listens on."""


class Process(Settings):
    """What a container runs."""

    image: ImageReference
    """The image, with a tag or digest that never changes its meaning."""

    command: Words = Field(default_factory=list[str])
    """Program and first arguments, in place of the image's entrypoint."""

    args: Words = Field(default_factory=list[str])
    """Arguments, in place of the image's own."""

    startup: Startup | None = None
    """How long starting may take. Unset: five minutes, or `update_strategy.timeout` if that is more."""

    liveness: Liveness | None = None
    """Whether it is alive: it is ended and started again where it is not. Unset: nothing is asked."""

    pre_stop: PreStop | None = None
    """What happens before it is told to end. Unset: it goes on for 10 s."""


class Sidecar(Process, Environment):
    """A container beside the predictor, in the same pod: it starts before, and ends after it."""

    name: DnsLabel
    """Its name in the pod."""

    compute: SidecarCompute = SidecarCompute()
    """What it may use, beside what the predictor may."""

    port: Port | None = None
    """A port that it listens on. The predictor is started once it accepts connections there."""

    readiness_path: ProbePath | None = None
    """A path of that port: while it does not answer 200, the replica gets no requests."""

    readiness: Readiness | None = None
    """While it does not succeed, the replica gets no requests. `readiness_path` is its short form."""

    @model_validator(mode="after")
    def _sound(self) -> "Sidecar":
        check_environment(self)
        if self.port is None:
            if self.readiness_path:
                raise _wrong("readiness_path", "is of a `port`, and there is none")
            for name in ("readiness", "liveness", "startup"):
                probe = getattr(self, name)
                if probe and probe.http and probe.port is None:
                    raise _wrong(f"{name}.port", "is required: the container has no `port`")
        if self.startup and not self.startup.asked and not self.readiness and not self.readiness_path:
            raise _wrong("startup", "needs one of `http`, `tcp`, `grpc`, `command`, or `readiness` beside it")
        _one_form(self)
        return self


class ImagePredictor(Process):
    """An image of your own that answers HTTP."""

    port: Port = 8080
    """The port that it listens on (default: Cortex's)."""

    protocol: Literal["http1", "h2c"] = "http1"
    """What it speaks: HTTP/1.1, with WebSockets; or HTTP/2 without TLS (`h2c`), as gRPC needs."""

    stream_idle_timeout: WholeSeconds | None = None
    """For streams of any length: an answer ends only when nothing was sent for so long, by either side.

    `server.request_timeout` then does not apply. Unset: each answer has to be whole in that time.
    """

    readiness_path: ProbePath = "/ready"
    """The path that answers 200 once the model is loaded: the short form of `readiness`."""

    readiness: Readiness | None = None
    """Whether a replica gets requests. Unset: it asks `readiness_path`; with `h2c`, if its port is open."""

    liveness_path: ProbePath | None = None
    """A path that answers 200 while the process is alive: the short form of `liveness`."""

    probe_timeout: WholeSeconds = "2s"
    """How long the answer to a probe may take, in whole seconds, where the probe has no `timeout`."""

    grace_period: WholeSeconds | None = None
    """How long a replica that is to end has before it is killed, `pre_stop` included.

    Unset: `pre_stop` and `server.request_timeout`, and 10 s more; one minute for `stream_idle_timeout`.
    """

    metrics_path: ProbePath | None = None
    """Where it answers in Prometheus' format; the platform's Prometheus then asks it. Unset: nobody does."""

    metrics_port: Port | None = None
    """The port of `metrics_path`, which clients do not reach. Unset: `port`, where they do."""

    image_pull_secrets: Annotated[list[ObjectName], AfterValidator(no_duplicates)] = Field(
        default_factory=list[str], max_length=8
    )
    """Secrets of the models' namespace, of type kubernetes.io/dockerconfigjson, for its images.

    Beside `axon:images.pull_secrets`.
    """

    containers: list[Sidecar] = Field(default_factory=list[Sidecar], max_length=10)
    """More containers in each replica. All share `/mnt` and the network: one's ports are at localhost."""

    @model_validator(mode="after")
    def _apart(self) -> "ImagePredictor":
        for at, message in self._clashes():
            raise _wrong(at, message)
        return self

    @model_validator(mode="after")
    def _sound(self) -> "ImagePredictor":
        _one_form(self)
        if self.metrics_port and not self.metrics_path:
            raise _wrong(
                "metrics_port", "is of `metrics_path`, and there is none (try metrics_path: /metrics)"
            )
        drain = drain_seconds(self)
        if self.grace_period and duration_seconds(self.grace_period) <= drain:
            message = f"{self.grace_period} is not more than the {drain}s that pass before it is told to end"
            raise _wrong("grace_period", message)
        return self

    def _clashes(self) -> Iterator[tuple[str, str]]:
        """Yield what two containers of a pod would both have."""
        names, ports = {PREDICTOR, PROXY}, {self.port: PREDICTOR, PROXY_PORT: "axon's own proxy"}
        if self.port == PROXY_PORT:
            yield "port", f"{PROXY_PORT} is the port of axon's own proxy: take another"
        for index, one in enumerate(self.containers):
            at = f"containers.{index}"
            if one.name in names:
                yield f"{at}.name", f'"{one.name}" is the name of another container of the replica'
            if one.port in ports:
                yield f"{at}.port", f"{one.port} is the port of {ports[one.port]}: a pod has each port once"
            names.add(one.name)
            if one.port is not None:
                ports[one.port] = one.name


def drain_seconds(container: Process) -> int:
    """Return how long a container goes on before it is told to end."""
    sleep = container.pre_stop.sleep if container.pre_stop else None
    return math.ceil(duration_seconds(sleep)) if sleep else DRAIN_SECONDS


def _one_form(container: Sidecar | ImagePredictor) -> None:
    """Refuse a probe that is given in both of its forms."""
    for name in ("readiness", "liveness"):
        short = f"{name}_path"
        if getattr(container, name) and short in container.model_fields_set and getattr(container, short):
            raise _wrong(short, f"is the short form of `{name}`: give one of them")


def _wrong(at: str, message: str) -> PydanticCustomError:
    return PydanticCustomError("process", "{message}", {"message": message, "at": at})
