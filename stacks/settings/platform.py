"""`axon:platform`: the add-ons that every model API needs."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.aws.units import no_duplicates
from stacks.settings.base import Settings
from stacks.settings.durations import Retention
from stacks.settings.gateway import Gateway
from stacks.settings.labels import Labels
from stacks.settings.networks import Network, is_everything
from stacks.settings.paths import RelativePath
from stacks.settings.sources import Bucket
from stacks.settings.units import Cpu, DnsLabel, Memory, PriorityClass, Quantity
from stacks.settings.web import HttpUrl

# https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/#priorityclass
Priority = Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000)]
_OURS = "http://prometheus.monitoring:9090"


class Prometheus(Settings):
    """What autoscaling on requests reads. Its data is lost with its pod, which costs nothing but history."""

    url: HttpUrl = _OURS
    """Where KEDA asks it. Another than the default: one of yours, and none is installed."""

    namespace: DnsLabel = "monitoring"
    """The namespace that it asks replicas from. Another only with a `url` of yours."""

    retention: Retention = "6h"
    """How long it remembers: 1h to 8760h."""

    cpu: Cpu = "50m"
    """Cores that it asks for."""

    mem: Memory = "512Mi"
    """Memory: room for some thousand replicas."""

    @model_validator(mode="after")
    def _where_it_is(self) -> "Prometheus":
        if self.is_ours and self.namespace != "monitoring":
            raise PydanticCustomError(
                "order",
                "is of a Prometheus of yours: give its `url`",
                {"at": "namespace"},
            )
        return self

    @property
    def is_ours(self) -> bool:
        """Whether the platform installs it."""
        return self.url == _OURS


class Quota(Settings):
    """What all models together may ask for. A rollout's new replicas count, so leave room for them."""

    cpu: Quantity | None = None
    """Cores."""

    mem: Memory | None = None
    """Memory."""

    pods: int | None = Field(default=None, ge=1, le=10000)
    """Replicas."""

    @model_validator(mode="after")
    def _of_something(self) -> "Quota":
        if self.cpu is None and self.mem is None and self.pods is None:
            raise PydanticCustomError("quota", "needs `cpu`, `mem` or `pods`")
        return self


def _part(text: str) -> str:
    if is_everything(text):
        raise ValueError(f'"{text}" is everything: replicas could fetch nothing')
    return text


InternalNetwork = Annotated[Network, AfterValidator(_part)]


class Platform(Settings):
    """Gateway, and what autoscaling reads."""

    install: bool = True
    """Install all of it. `false` where another stack of the same cluster does."""

    namespace: DnsLabel = "models"
    """Namespace of the stack's models: one of its own for each stack of a shared cluster."""

    labels: Labels = Field(default_factory=dict[str, str], max_length=20)
    """Labels of every replica, by which cost is told apart: `{team: vision}`. A new one rolls all out."""

    quota: Quota | None = None
    """What all models together may ask for."""

    priority_classes: dict[PriorityClass, Priority] = Field(default_factory=dict[str, int], max_length=20)
    """PriorityClasses, by name, for `priority_class` of models: the higher value goes first."""

    charts: RelativePath | None = None
    """A folder of the project that holds the upstream charts, for machines that cannot fetch them."""

    model_buckets: Annotated[list[Bucket], AfterValidator(no_duplicates)] = Field(
        default_factory=list[str], max_length=20
    )
    """Buckets that only people of the stack write to, `s3://bucket` or `gs://bucket`.

    Models in them need no `sha256`. The stack's own bucket on EKS (`model_store`) is one without being named.
    """

    gateway: Gateway = Gateway()
    """How requests come in."""

    internal_networks: Annotated[list[InternalNetwork], AfterValidator(no_duplicates)] | None = Field(
        default=None, max_length=64
    )
    """Networks of nodes, pods and Services: a replica that fetches its model does not reach them.

    Unset: all private networks, and on EKS the VPC's and that of its Services. A store in one of them is
    named in the model's `egress`. Link-local addresses (a cloud's metadata service) are excluded always.
    """

    metrics_server: bool = True
    """Install metrics-server, which the autoscaler reads. `false` where the cluster has one (k3s, GKE)."""

    keda: bool = True
    """Install KEDA, which scales on requests. `false` where the cluster has it."""

    prometheus: Prometheus = Prometheus()
    """What KEDA asks."""

    @property
    def controllers(self) -> int:
        """How many replicas the gateway's controller and KEDA have: one on a single node."""
        return min(2, self.gateway.replicas)
