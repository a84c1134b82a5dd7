"""`axon:models`: one entry per model API."""

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
    """A Python class of your own, served by axon's runtime."""

    type: Literal["python"]
    """`python`: a class `Predictor` with a method `predict`."""

    path: FolderPath
    """Folder of the project with `predictor.py` and, optionally, `requirements.txt` and `sample.json`."""

    framework: Literal["python", "sklearn", "onnx", "pytorch", "tensorflow"] = "python"
    """Framework whose packages the image includes, in addition to those in `requirements.txt`."""

    config: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Arguments of the class, passed to it as `config`. Any YAML values are allowed."""

    @property
    def folders(self) -> dict[str, str]:
        """Folders of the project that are copied into the image, by their place in it."""
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
"""Predictors for which axon builds an image."""


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
    """Handling of requests by a replica.

    For an image of your own, `max_concurrency`, `max_queue_length` and `max_body_size` are supported (a proxy
    in front of the image enforces them if one of them is set), and `request_timeout`, which the gateway
    enforces.
    """

    max_concurrency: int = Field(default=100, ge=1, le=10000)
    """Maximum number of requests that a replica executes at once. For an image the number is unlimited unless
    this is set.
    """

    max_queue_length: int = Field(default=100, ge=0, le=10000)
    """Maximum number of requests that wait in a replica. Further requests are rejected with 503 at once."""

    max_batch_size: int = Field(default=64, ge=1, le=1024)
    """Maximum number of waiting requests that a saved model receives together. A larger batch increases
    throughput and memory use.
    """

    batch_interval: BatchInterval = "0s"
    """Time to wait for a batch to fill while other requests are in progress, up to 1m. `0s`: a batch consists
    of the waiting requests.
    """

    processes_per_replica: int = Field(default=1, ge=1, le=64)
    """Number of processes per replica, which share these limits. Each process loads the model, which counts
    toward `compute.mem`.
    """

    threads_per_process: int = Field(default=1, ge=1, le=64)
    """Number of threads per process that run a Python predictor. Set more than one only if the class is
    thread-safe.
    """

    request_timeout: RequestTimeout = "60s"
    """Time limit of a request, 100ms to 24h. After that the response is 504."""

    max_body_size: Size = "32Mi"
    """Largest body of a request, at most a quarter of `compute.mem`. A larger body is rejected with 413.

    Unset: 32Mi, or an eighth of `compute.mem` if that is less.
    """

    log_requests: bool = False
    """Logging of every request as a JSON line. `false`: only failed requests are logged."""

    openapi: bool = True
    """OpenAPI description of the model at `/openapi.json`, for every client that can reach the endpoint."""

    @model_validator(mode="after")
    def _batches_in_time(self) -> "Server":
        if duration_seconds(self.batch_interval) >= duration_seconds(self.request_timeout):
            raise PydanticCustomError(
                "order",
                "{low} is not less than `request_timeout`, {high}: no request would be in time",
                {"low": self.batch_interval, "high": self.request_timeout, "at": "batch_interval"},
            )
        return self


# Requests for a saved model are run in batches, so that several cost little more than one.
BATCHED_IN_FLIGHT = 8


class Model(Environment):
    """One model API: a Deployment with rolling updates, an autoscaler and a route."""

    predictor: Predictor
    """Model or image that serves the requests. The keys depend on its type."""

    moved_from: DnsLabel | None = None
    """Previous key of this model. Its Kubernetes objects keep that name, so that a rename changes nothing in
    the cluster.

    Without it, a model under another key is deleted and recreated. Keep it for as long as the model exists.
    """

    paused: bool = False
    """Suspension of the model: no replicas, whatever the load, and the endpoint responds with 503. `false`
    restores the previous state.
    """

    compute: Compute = Compute()
    """Resources of one replica: CPU, memory and devices."""

    server: Server = Server()
    """Handling of requests by a replica: limits, batches and timeouts."""

    tracker: Tracker | None = None
    """Metrics of the model's predictions. Unset: predictions are not counted."""

    autoscaling: Autoscaling = Autoscaling()
    """Limits, speed and signals of the replica count."""

    update_strategy: UpdateStrategy = UpdateStrategy()
    """Rollout of a new version: surge, availability and timeout."""

    networking: Networking = Networking()
    """Endpoint of the model, access control and limits."""

    node_groups: list[DnsLabel] = Field(default_factory=list[str])
    """Node groups on which replicas may run, only on EKS. Empty: any group with enough capacity."""

    priority_class: PriorityClass | None = None
    """PriorityClass of the replicas. When nodes are full, pods of lower priority are preempted. Unset: the
    cluster's default.

    `axon:platform.priority_classes` creates classes; a class of the cluster may be used too.
    """

    egress: Egress = Field(default_factory=list[str])
    """Networks that replicas may connect to, in addition to DNS and the model's source: `none`, `all` or a
    list of networks. Unset: `none`.
    """

    aws: AwsAccess = AwsAccess()
    """AWS permissions of the replicas, only on EKS."""

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
        """Limits of `server` that are set for an image; a proxy in front of the image enforces them."""
        if not isinstance(self.predictor, ImagePredictor):
            return {}
        return {key: getattr(self.server, key) for key in LIMITS if key in self.server.model_fields_set}

    @property
    def sidecars(self) -> list[Sidecar]:
        """Sidecars of the predictor."""
        return self.predictor.containers if isinstance(self.predictor, ImagePredictor) else []

    @property
    def pod_compute(self) -> Compute:
        """Resources of all containers of a replica together, which must fit on a node."""
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
        """Bytes of the largest body that a replica accepts."""
        return largest_body(self.server, self.compute)

    @property
    def replicas(self) -> tuple[int, int]:
        """Minimum and maximum number of replicas."""
        scaling = self.autoscaling
        return (0, 0) if self.paused else (scaling.min_replicas, scaling.max_replicas)

    @property
    def target_in_flight(self) -> float | None:
        """Target number of requests in flight per replica; None if the model scales only on other signals."""
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
        """True if the model scales to zero when idle."""
        return self.autoscaling.min_replicas == 0 and not self.paused

    @property
    def sample(self) -> str | None:
        """File of the project with a sample payload, if the predictor has a folder."""
        path = None if isinstance(self.predictor, ImagePredictor) else self.predictor.path
        return f"{path}/sample.json" if path else None

    @property
    def fetched(self) -> list[str]:
        """URLs that replicas fetch."""
        return [] if isinstance(self.predictor, ImagePredictor) else self.predictor.urls

    @property
    def access(self) -> AwsAccess:
        """AWS permissions of the replicas: those granted, and read access to what they fetch."""
        return self.aws.and_read([url for url in self.fetched if url.startswith("s3://")])

    def object_name(self, name: str) -> str:
        """Return the name of the Kubernetes objects of the model `name`."""
        return self.moved_from or name

    def endpoint(self, name: str) -> str:
        """Return the gateway path of the model `name`."""
        return self.networking.endpoint or f"/{self.object_name(name)}"


Models = dict[DnsLabel, Model]
