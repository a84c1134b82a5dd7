"""`axon:models`: one entry a model API."""

import json
import math
from typing import Annotated, Any, Literal, cast

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.autoscaling import Autoscaling
from stacks.settings.aws.access import AwsAccess
from stacks.settings.base import Settings
from stacks.settings.compute import Compute
from stacks.settings.durations import BatchInterval, RequestTimeout
from stacks.settings.egress import Egress
from stacks.settings.environment import Environment, check_environment
from stacks.settings.image_limits import LIMITS, image_problems, proxy_compute
from stacks.settings.image_predictor import ImagePredictor, Sidecar
from stacks.settings.memory import largest_body, memory_problems
from stacks.settings.networking import Networking
from stacks.settings.paths import FolderPath
from stacks.settings.sources import (
    FOLDER,
    MOST_OF_A_VARIABLE,
    Fetched,
    OnnxPredictor,
    PytorchPredictor,
    SklearnPredictor,
    TensorflowPredictor,
)
from stacks.settings.tracker import Tracker, wrong
from stacks.settings.units import DnsLabel, PriorityClass, Size, duration_seconds, quantity_value
from stacks.settings.update_strategy import UpdateStrategy


class PythonPredictor(Fetched):
    """A class of your own, served by axon's own runtime."""

    type: Literal["python"]
    """`python`: a class `Predictor` with a method `predict`."""

    path: FolderPath
    """A folder of the project that holds `predictor.py` and perhaps `requirements.txt` and `sample.json`."""

    framework: Literal["python", "sklearn", "onnx", "pytorch", "tensorflow"] = "python"
    """Whose packages its image has, beside those of its `requirements.txt`."""

    config: dict[str, Any] = Field(default_factory=dict[str, Any])
    """What the class is given as `config` (name: Cortex's)."""

    @property
    def folders(self) -> dict[str, str]:
        """The folder of the project that goes into its image, by its place in it."""
        return {FOLDER: self.path}

    @model_validator(mode="after")
    def _config_fits(self) -> "PythonPredictor":
        if (size := len(json.dumps(self.config).encode())) > MOST_OF_A_VARIABLE:
            raise PydanticCustomError(
                "size",
                "{size} bytes are more than a variable holds, {most}: put them into a file of `path`",
                {"size": size, "most": MOST_OF_A_VARIABLE, "at": "config"},
            )
        return self


BuiltPredictor = SklearnPredictor | OnnxPredictor | PytorchPredictor | TensorflowPredictor | PythonPredictor
"""What axon builds an image for."""


def _predictor_kind(value: Any) -> str | None:
    if isinstance(value, dict):
        entries = cast(dict[str, Any], value)
        if "type" in entries:
            return str(entries["type"])
        return "image" if "image" in entries else None
    return "image" if isinstance(value, ImagePredictor) else getattr(value, "type", None)


Predictor = Annotated[
    Annotated[SklearnPredictor, Tag("sklearn")]
    | Annotated[OnnxPredictor, Tag("onnx")]
    | Annotated[PytorchPredictor, Tag("pytorch")]
    | Annotated[TensorflowPredictor, Tag("tensorflow")]
    | Annotated[PythonPredictor, Tag("python")]
    | Annotated[ImagePredictor, Tag("image")],
    Discriminator(_predictor_kind),
]


class Server(Settings):
    """How a replica takes requests.

    An image of your own takes `max_concurrency`, `max_queue_length` and `max_body_size`, which a proxy
    before it enforces where one of them is given, and `request_timeout`, which is the gateway's.
    """

    max_concurrency: int = Field(default=100, ge=1, le=10000)
    """Requests that a replica works on at once (name: Cortex's). Of an image: any number, unless given."""

    max_queue_length: int = Field(default=100, ge=0, le=10000)
    """Requests that wait beside them (default: Cortex's). One more is answered 503 at once."""

    max_batch_size: int = Field(default=64, ge=1, le=1024)
    """Requests that a saved model is given together, of those that wait (name: Cortex's)."""

    batch_interval: BatchInterval = "0s"
    """How long to wait for a batch to fill while other requests are there: up to 1m. 0s: take what waits."""

    processes_per_replica: int = Field(default=1, ge=1, le=64)
    """Processes that share these limits (name and default: Cortex's). Each loads the model, into `mem`."""

    threads_per_process: int = Field(default=1, ge=1, le=64)
    """Threads of each that run a Python predictor (name and default: Cortex's)."""

    request_timeout: RequestTimeout = "60s"
    """When a request is answered 504: 100ms to 24h."""

    max_body_size: Size = "32Mi"
    """Largest body of a request, a quarter of `compute.mem` at most. A larger one is answered 413.

    Unset: 32Mi, or an eighth of `compute.mem` if that is less.
    """

    log_requests: bool = False
    """Log a JSON line for each request, not only for those that fail."""

    openapi: bool = True
    """Whether `/openapi.json` describes the model to whoever reaches its endpoint."""

    @model_validator(mode="after")
    def _batches_in_time(self) -> "Server":
        if duration_seconds(self.batch_interval) >= duration_seconds(self.request_timeout):
            raise PydanticCustomError(
                "order",
                "{low} is not less than `request_timeout`, {high}: no request would be in time",
                {"low": self.batch_interval, "high": self.request_timeout, "at": "batch_interval"},
            )
        return self


# Requests for a saved model are run together: some at once cost little more than one.
BATCHED_IN_FLIGHT = 8


class Model(Environment):
    """One model API: a rolling-update Deployment, its autoscaler and its route."""

    predictor: Predictor
    """What answers."""

    moved_from: DnsLabel | None = None
    """The key that it had when it was first deployed: what it is on the cluster stays, and is called so.

    Without it a model under another key is deleted and made anew. It stays as long as the model does.
    """

    paused: bool = False
    """No replica, whatever the load: the endpoint answers 503. `false` brings it back as it was."""

    compute: Compute = Compute()
    """What one replica may use."""

    server: Server = Server()
    """How a replica takes requests."""

    tracker: Tracker | None = None
    """What is counted of its predictions (name: Cortex's). Unset: nothing."""

    autoscaling: Autoscaling = Autoscaling()
    """How many replicas."""

    update_strategy: UpdateStrategy = UpdateStrategy()
    """How a rollout goes."""

    networking: Networking = Networking()
    """Where it answers."""

    node_groups: list[DnsLabel] = Field(default_factory=list[str])
    """Node groups that replicas may run on (EKS; name: Cortex's). Empty: any that fits."""

    priority_class: PriorityClass | None = None
    """A PriorityClass: where nodes are full, its replicas displace those of lower ones. Unset: the cluster's.

    `axon:platform.priority_classes` makes them; it may be one that the cluster has.
    """

    egress: Egress = Field(default_factory=list[str])
    """Where replicas may connect to beside DNS and what they fetch: `none`, `all`, networks. Unset: none."""

    aws: AwsAccess = AwsAccess()
    """What replicas may do on AWS."""

    @model_validator(mode="after")
    def _sound(self) -> "Model":
        check_environment(self)
        if isinstance(self.predictor, ImagePredictor):
            self._sound_image(self.predictor)
        else:
            for at, message in memory_problems(self.server, self.compute):
                raise PydanticCustomError("memory", "{message}", {"message": message, "at": at})
        if self.tracker and self.tracker.key and not isinstance(self.predictor, PythonPredictor):
            raise wrong(
                "tracker.key", "is for a predictor of type python: a saved model's answer has no other"
            )
        if self.autoscaling.wake_timeout and self.autoscaling.min_replicas:
            raise wrong("autoscaling.wake_timeout", "is of a model that sleeps (`min_replicas: 0`)")
        return self

    def _sound_image(self, image: ImagePredictor) -> None:
        if self.tracker:
            raise wrong("tracker", "is of axon's own runtime: an image counts itself")
        for key, message in image_problems(image, self.server.model_fields_set):
            raise wrong(f"server.{key}", message)

    @property
    def proxied(self) -> dict[str, int | str]:
        """The limits of `server` that are stated for an image: a proxy before it enforces them."""
        if not isinstance(self.predictor, ImagePredictor):
            return {}
        return {key: getattr(self.server, key) for key in LIMITS if key in self.server.model_fields_set}

    @property
    def sidecars(self) -> list[Sidecar]:
        """The containers beside the predictor."""
        return self.predictor.containers if isinstance(self.predictor, ImagePredictor) else []

    @property
    def pod_compute(self) -> Compute:
        """What all containers of a replica ask for, which has to fit on a node."""
        beside = [sidecar.compute for sidecar in self.sidecars]
        if self.proxied:
            beside.append(proxy_compute(self.proxied))
        if not beside:
            return self.compute
        every = [self.compute, *beside]
        cpu, mem = (sum(quantity_value(getattr(one, key)) for one in every) for key in ("cpu", "mem"))
        return self.compute.model_copy(
            update={"cpu": f"{cpu * 1000:.0f}m", "mem": f"{math.ceil(mem / 2**20)}Mi"}
        )

    @property
    def max_body_size(self) -> int:
        """The bytes of the largest body that a replica takes."""
        return largest_body(self.server, self.compute)

    @property
    def replicas(self) -> tuple[int, int]:
        """The fewest and the most replicas."""
        scaling = self.autoscaling
        return (0, 0) if self.paused else (scaling.min_replicas, scaling.max_replicas)

    @property
    def target_in_flight(self) -> float | None:
        """Requests in flight that a replica is meant to have; none if it scales on other signals alone."""
        scaling = self.autoscaling
        if scaling.target_in_flight is not None:
            return scaling.target_in_flight
        if (scaling.target_cpu_utilization or scaling.target_memory_utilization) and not self.sleeps:
            return None
        if isinstance(self.predictor, ImagePredictor):
            return int(self.proxied.get("max_concurrency", 1))
        if isinstance(self.predictor, PythonPredictor):
            return self.server.threads_per_process * self.server.processes_per_replica
        return BATCHED_IN_FLIGHT

    @property
    def sleeps(self) -> bool:
        """Whether it has no replica while nobody asks, and one when somebody does."""
        return self.autoscaling.min_replicas == 0 and not self.paused

    @property
    def sample(self) -> str | None:
        """The file of the project that holds a payload to try it with, where its predictor has a folder."""
        path = None if isinstance(self.predictor, ImagePredictor) else self.predictor.path
        return f"{path}/sample.json" if path else None

    @property
    def fetched(self) -> list[str]:
        """The URLs that replicas fetch."""
        return [] if isinstance(self.predictor, ImagePredictor) else self.predictor.urls

    @property
    def access(self) -> AwsAccess:
        """What replicas may do on AWS: what is granted, and read what they fetch."""
        return self.aws.and_read([url for url in self.fetched if url.startswith("s3://")])

    def object_name(self, name: str) -> str:
        """Return what the objects of the model called `name` are called on the cluster."""
        return self.moved_from or name

    def endpoint(self, name: str) -> str:
        """Return the path on the gateway of the model called `name`."""
        return self.networking.endpoint or f"/{self.object_name(name)}"


Models = dict[DnsLabel, Model]
