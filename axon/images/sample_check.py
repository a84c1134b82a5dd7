"""Check of a built image with its own sample, as in a replica, before it is pushed."""

import math
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from axon.images.build import Builder, docker_runs
from axon.steps import StepFailed, console, timed
from components.environment import predictor_environment
from components.pod import USER
from stacks.settings import Model
from stacks.settings.model import ImagePredictor
from stacks.settings.units import duration_seconds, quantity_value

# Exit code of docker, and message of buildah, for a process that the kernel killed for its memory use.
_KILLED, _KILLED_WORDS = 137, "container exited on killed"
# Lines that buildah adds to the process's output.
_NOISE = re.compile(r"^Error: while running runtime: .*\n?", re.MULTILINE)


@dataclass(frozen=True)
class _Container:
    """Limits of a model's replica, for a container on this machine."""

    image: str
    variables: Mapping[str, str]
    memory: int
    seconds: int

    @property
    def command(self) -> list[str]:
        """Command of the check, which prints a traceback after the time limit."""
        return ["python", "-m", "axon_runtime.check", str(self.seconds)]

    @property
    def words(self) -> list[str]:
        """Arguments that docker and buildah have in common."""
        variables = [word for name, value in self.variables.items() for word in ("--env", f"{name}={value}")]
        return ["--user", f"{USER}:{USER}", "--cap-drop", "ALL", *variables]


def check_sample(builder: Builder, name: str, model: Model, image: str) -> None:
    """Load a model in its image and send it its sample, without network, as the replica's user.

    Raises:
        StepFailed: with the predictor's traceback, if it fails to load or to respond.
    """
    if reason := why_not_checked(model):
        console.print(f"· {name}: not asked for its sample before the push: {reason}")
        return
    container = _Container(image, _variables(name, model), _memory(model), _seconds(model))
    with timed(f"{name}: its image answers sample.json"):
        run = _docker(container) if docker_runs() else _buildah(builder, container)
        if run.returncode == 0:
            return
        said = _NOISE.sub("", f"{run.stdout}{run.stderr}").strip()
        if run.returncode == _KILLED or _KILLED_WORDS in said:
            said = f"killed: it needs more memory than axon:models.{name}.compute.mem, {model.compute.mem}"
        raise StepFailed(f"{said}\n{name}: the model does not answer its sample; {image} was not pushed")


def why_not_checked(model: Model) -> str | None:
    """Return the reason why this machine cannot run a replica of a model, or None if it can."""
    compute = model.compute
    if compute.gpu or compute.neuron:
        return "it needs a GPU" if compute.gpu else "it needs a Neuron device"
    if model.secrets:
        return "it reads Secrets of the cluster"
    if isinstance(model.predictor, ImagePredictor) or model.predictor.model:
        return "its replicas fetch the model"
    if model.aws.granted:
        return "it has rights on AWS"
    if model.egress:
        return f"it connects to {', '.join(model.egress)}"
    return None


def _variables(name: str, model: Model) -> dict[str, str]:
    """Return the replica's variables whose values are known before a pod exists."""
    told = predictor_environment(name, model)
    return {str(one.name): str(one.value) for one in told if one.value is not None}


def _memory(model: Model) -> int:
    return int(quantity_value(model.compute.mem))


def _seconds(model: Model) -> int:
    return math.ceil(duration_seconds(model.update_strategy.timeout))


def _docker(container: _Container) -> subprocess.CompletedProcess[str]:
    memory = ["--memory", str(container.memory), "--memory-swap", str(container.memory)]
    limits = ["--network", "none", "--read-only", "--tmpfs", "/tmp", *memory]
    safe = ["--security-opt", "no-new-privileges"]
    entrypoint, *arguments = container.command
    image = ["--entrypoint", entrypoint, container.image]
    return _run(["docker", "run", "--rm", *limits, *safe, *container.words, *image, *arguments])


def _buildah(builder: Builder, container: _Container) -> subprocess.CompletedProcess[str]:
    with _working(builder, container) as name:
        isolated = ["--isolation", "oci", "--network", "none"]
        run = builder.buildah("run")
        if _run([*run, *isolated, name, "true"]).returncode:
            # Without a working container runtime, so without a memory limit.
            run, isolated = [*_without_network(), *run], ["--isolation", "chroot"]
        return _run([*run, *isolated, *container.words, name, "--", *container.command])


def _without_network() -> list[str]:
    """Return a command prefix that removes the network, if this user may do that."""
    alone = ["unshare", "--net"]
    return [] if _run([*alone, "true"]).returncode else alone


@contextmanager
def _working(builder: Builder, container: _Container) -> Iterator[str]:
    """Create buildah's container of an image, and remove it at the end."""
    made = _run(
        [*builder.buildah("from"), "--pull-never", "--memory", str(container.memory), container.image]
    )
    if made.returncode:
        raise StepFailed(f"buildah from {container.image}: {made.stderr.strip()}")
    name = made.stdout.strip()
    try:
        yield name
    finally:
        _run([*builder.buildah("rm"), name])


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
    )
