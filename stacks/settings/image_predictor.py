"""`predictor` of a model that is an image: its process, its probes and the containers beside it."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.base import Settings
from stacks.settings.compute import SidecarCompute
from stacks.settings.environment import Environment, Words, check_environment
from stacks.settings.units import DnsLabel, Duration, ImageReference

PREDICTOR = "predictor"
"""What the container that answers is called."""


def _probe_path(text: str) -> str:
    if text.startswith("/") and not set(text) & set(" \t\n#"):
        return text
    raise ValueError(f'"{text}" is not a path such as /ready')


ProbePath = Annotated[str, AfterValidator(_probe_path)]


class Process(Settings):
    """What a container runs."""

    image: ImageReference
    """The image, with a tag or digest that never changes its meaning."""

    command: Words = Field(default_factory=list[str])
    """Program and first arguments, in place of the image's entrypoint."""

    args: Words = Field(default_factory=list[str])
    """Arguments, in place of the image's own."""


class Sidecar(Process, Environment):
    """A container beside the predictor, in the same pod: it starts before, and ends after it."""

    name: DnsLabel
    """Its name in the pod."""

    compute: SidecarCompute = SidecarCompute()
    """What it may use, beside what the predictor may."""

    port: int | None = Field(default=None, ge=1, le=65535)
    """A port that it listens on. The predictor is started once it accepts connections there."""

    readiness_path: ProbePath | None = None
    """A path of that port: while it does not answer 200, the replica gets no requests."""

    @model_validator(mode="after")
    def _sound(self) -> "Sidecar":
        check_environment(self)
        if self.readiness_path and self.port is None:
            raise _wrong("readiness_path", "is of a `port`, and there is none")
        return self


class ImagePredictor(Process):
    """An image of your own that answers HTTP."""

    port: int = Field(default=8080, ge=1, le=65535)
    """The port that it listens on (default: Cortex's)."""

    readiness_path: ProbePath = "/ready"
    """The path that answers 200 once the model is loaded."""

    liveness_path: ProbePath | None = None
    """A path that answers 200 while the process is alive; a minute without ends the container."""

    probe_timeout: Duration = "2s"
    """How long either may take to answer, in whole seconds."""

    containers: list[Sidecar] = Field(default_factory=list[Sidecar], max_length=10)
    """More containers in each replica. All share `/mnt` and the network: one's ports are at localhost."""

    @model_validator(mode="after")
    def _apart(self) -> "ImagePredictor":
        for at, message in self._clashes():
            raise _wrong(at, message)
        return self

    def _clashes(self) -> Iterator[tuple[str, str]]:
        """Yield what two containers of a pod would both have."""
        names, ports = {PREDICTOR}, {self.port: PREDICTOR}
        for index, one in enumerate(self.containers):
            at = f"containers.{index}"
            if one.name in names:
                yield f"{at}.name", f'"{one.name}" is the name of another container of the replica'
            if one.port in ports:
                yield f"{at}.port", f"{one.port} is the port of {ports[one.port]}: a pod has each port once"
            names.add(one.name)
            if one.port is not None:
                ports[one.port] = one.name


def _wrong(at: str, message: str) -> PydanticCustomError:
    return PydanticCustomError("process", "{message}", {"message": message, "at": at})
