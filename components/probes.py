"""Probes and lifecycle hooks of containers whose images users supply."""

import math
from dataclasses import dataclass

import pulumi_kubernetes as k8s

from stacks.settings.image_predictor import ImagePredictor, Process, Sidecar, drain_seconds
from stacks.settings.model import Model
from stacks.settings.probes import Probe, Readiness, Startup
from stacks.settings.times import usual_startup_seconds
from stacks.settings.units import duration_seconds

_SIDECAR_TIMEOUT = "2s"
_SIDECAR_STARTUP_SECONDS = 300


@dataclass(frozen=True)
class Probes:
    """Probes of a container."""

    startup: k8s.core.v1.ProbeArgs | None
    readiness: k8s.core.v1.ProbeArgs | None
    liveness: k8s.core.v1.ProbeArgs | None


def image_probes(model: Model, image: ImagePredictor) -> Probes:
    """Return the probes of the predictor, which check the container itself, not its sidecar proxy."""
    made = _Maker("http", image.probe_timeout)
    ready = image.readiness or _usual(image)
    liveness = image.liveness or (Probe(http=image.liveness_path) if image.liveness_path else None)
    return Probes(
        # Startup allows a long loading time, readiness detects failures.
        made.startup(image.startup, ready, usual_startup_seconds(model)),
        made.readiness(ready),
        made.liveness(liveness),
    )


def _usual(image: ImagePredictor) -> Readiness:
    """Return the default readiness probe of an image: Kubernetes sends HTTP probes over HTTP/1.1 only."""
    if image.protocol == "h2c" and "readiness_path" not in image.model_fields_set:
        return Readiness(tcp=image.port)
    return Readiness(http=image.readiness_path)


def sidecar_probes(sidecar: Sidecar) -> Probes:
    """Return the probes of a sidecar; the containers after the sidecar start once it has started."""
    made = _Maker(sidecar.port, _SIDECAR_TIMEOUT)
    ready = sidecar.readiness
    if ready is None and sidecar.readiness_path:
        ready = Readiness(http=sidecar.readiness_path)
    accepts = Probe(tcp=sidecar.port) if sidecar.port else None
    starting = (ready or accepts) if sidecar.startup else accepts
    return Probes(
        made.startup(sidecar.startup, starting, _SIDECAR_STARTUP_SECONDS),
        made.readiness(ready),
        made.liveness(sidecar.liveness),
    )


def lifecycle(container: Process | None, drain: int = 0) -> k8s.core.v1.LifecycleArgs | None:
    """Return the hook before SIGTERM: a wait of `drain` seconds, or the container's own hook."""
    wanted = container.pre_stop if container else None
    if wanted and wanted.command:
        run = k8s.core.v1.ExecActionArgs(command=wanted.command)
        return k8s.core.v1.LifecycleArgs(pre_stop=k8s.core.v1.LifecycleHandlerArgs(exec_=run))
    seconds = drain_seconds(container) if container and wanted else drain
    if not seconds:
        return None
    slept = k8s.core.v1.SleepActionArgs(seconds=seconds)
    return k8s.core.v1.LifecycleArgs(pre_stop=k8s.core.v1.LifecycleHandlerArgs(sleep=slept))


@dataclass(frozen=True)
class _Maker:
    """Builder of probes with the container's default port and timeout."""

    port: int | str | None
    timeout: str

    def startup(
        self, own: Startup | None, default: Probe | None, seconds: int
    ) -> k8s.core.v1.ProbeArgs | None:
        asked = own if own and own.asked else default
        if asked is None:
            return None
        times = own or Startup()
        period = _whole(times.period or "1s")
        return self._probe(asked, times, period, failures=math.ceil(seconds / period))

    def readiness(self, probe: Readiness | None) -> k8s.core.v1.ProbeArgs | None:
        if probe is None:
            return None
        return self._probe(probe, probe, 5, failures=2, successes=probe.successes)

    def liveness(self, probe: Probe | None) -> k8s.core.v1.ProbeArgs | None:
        return self._probe(probe, probe, 10, failures=6) if probe else None

    def _probe(
        self, asked: Probe, times: Probe, period: int, *, failures: int, successes: int = 1
    ) -> k8s.core.v1.ProbeArgs:
        port = asked.port or self.port
        command, grpc = asked.command, asked.grpc
        return k8s.core.v1.ProbeArgs(
            http_get=k8s.core.v1.HTTPGetActionArgs(path=asked.http, port=port)
            if asked.http and port
            else None,
            tcp_socket=k8s.core.v1.TCPSocketActionArgs(port=asked.tcp) if asked.tcp else None,
            grpc=k8s.core.v1.GRPCActionArgs(port=grpc, service=asked.service) if grpc else None,
            exec_=k8s.core.v1.ExecActionArgs(command=command) if command else None,
            initial_delay_seconds=_whole(times.initial_delay) or None,
            period_seconds=_whole(times.period) if times.period else period,
            failure_threshold=times.failures or failures,
            success_threshold=successes if successes > 1 else None,
            timeout_seconds=_whole(times.timeout or asked.timeout or self.timeout),
        )


def _whole(duration: str) -> int:
    return math.ceil(duration_seconds(duration))
