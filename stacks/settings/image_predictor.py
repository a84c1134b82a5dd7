"""`predictor` of a model that is an image: its process, its probes and its sidecars."""

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
"""Name of the container that serves requests."""

PROXY, PROXY_PORT = "admission", 15080
"""Name of the proxy in front of that container, and the port that the proxy listens on."""


class Process(Settings):
    """Process of a container: image, command and probes."""

    image: ImageReference
    """Image of the container, with a tag or digest that is never reused for another image."""

    command: Words = Field(default_factory=list[str])
    """Program and first arguments, in place of the image's entrypoint. Empty: the image's own."""

    args: Words = Field(default_factory=list[str])
    """Arguments of the program, in place of the image's own. Empty: the image's own."""

    startup: Startup | None = None
    """Startup probe, which limits the time for starting. Unset: five minutes, or `update_strategy.timeout` if
    that is longer.
    """

    liveness: Liveness | None = None
    """Liveness probe of the running process; a failure restarts the container. Unset: no probe."""

    pre_stop: PreStop | None = None
    """Action before the container receives SIGTERM. Unset: it continues for 10 s."""


class Sidecar(Process, Environment):
    """Sidecar: a container in the predictor's pod that starts before the predictor and ends after it."""

    name: DnsLabel
    """Name of the container, unique in the pod."""

    compute: SidecarCompute = SidecarCompute()
    """Resources of the sidecar, in addition to the predictor's `compute`."""

    port: Port | None = None
    """Port that the sidecar listens on. The predictor is started once the port accepts connections. Unset:
    the predictor does not wait for the sidecar.
    """

    readiness_path: ProbePath | None = None
    """Path on `port` that must respond with 200 before the replica receives requests: the short form of
    `readiness`.
    """

    readiness: Readiness | None = None
    """Probe that must succeed before the replica receives requests. `readiness_path` is its short form.
    Unset: no probe.
    """

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
    """A container image of your own that serves HTTP."""

    port: Port = 8080
    """Port that the image listens on."""

    protocol: Literal["http1", "h2c"] = "http1"
    """Protocol of the image: HTTP/1.1 with WebSockets (`http1`), or HTTP/2 without TLS (`h2c`), which gRPC
    requires.
    """

    stream_idle_timeout: WholeSeconds | None = None
    """Idle time after which a stream ends, with no data from either side; whole seconds, 1s to 1h. Set it for
    streams of any length.

    `server.request_timeout` then does not apply. Unset: each response must be complete within
    `server.request_timeout`.
    """

    readiness_path: ProbePath = "/ready"
    """Path that responds with 200 once the model is loaded: the short form of `readiness`."""

    readiness: Readiness | None = None
    """Probe that must succeed before a replica receives requests. Unset: HTTP on `readiness_path`; with
    `h2c`, an open port.
    """

    liveness_path: ProbePath | None = None
    """Path that responds with 200 while the process is alive: the short form of
    `liveness`. Unset: no probe.
    """

    probe_timeout: WholeSeconds = "2s"
    """Time limit of probes without a `timeout` of their own; whole seconds, 1s to 1h."""

    grace_period: WholeSeconds | None = None
    """Time from the start of a replica's removal until the replica is killed, including `pre_stop`; whole
    seconds, 1s to 1h.

    Unset: `pre_stop` plus `server.request_timeout` plus 10 s; with `stream_idle_timeout`, one minute.
    """

    metrics_path: ProbePath | None = None
    """Path of metrics in Prometheus' format, which the platform's Prometheus scrapes. Unset: no metrics are
    scraped.
    """

    metrics_port: Port | None = None
    """Port of `metrics_path`, which clients cannot reach. Unset: `port`, which clients can reach."""

    image_pull_secrets: Annotated[list[ObjectName], AfterValidator(no_duplicates)] = Field(
        default_factory=list[str], max_length=8
    )
    """Secrets of type kubernetes.io/dockerconfigjson in the models' namespace for pulling the model's images.

    They are used in addition to `axon:images.pull_secrets`.
    """

    containers: list[Sidecar] = Field(default_factory=list[Sidecar], max_length=10)
    """Sidecars in each replica. All containers share `/mnt` and the network, so the port of one is at
    localhost for the others.
    """

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
        """Yield names and ports that two containers of a pod would share."""
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
    """Return the seconds for which a container continues before SIGTERM."""
    sleep = container.pre_stop.sleep if container.pre_stop else None
    return math.ceil(duration_seconds(sleep)) if sleep else DRAIN_SECONDS


def _one_form(container: Sidecar | ImagePredictor) -> None:
    """Reject a probe that is set in both of its forms."""
    for name in ("readiness", "liveness"):
        short = f"{name}_path"
        if getattr(container, name) and short in container.model_fields_set and getattr(container, short):
            raise _wrong(short, f"is the short form of `{name}`: give one of them")


def _wrong(at: str, message: str) -> PydanticCustomError:
    return PydanticCustomError("process", "{message}", {"message": message, "at": at})
