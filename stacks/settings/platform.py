"""`axon:platform`: add-ons that every model API needs."""

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
    """Prometheus, the source of autoscaling on requests. Its data is lost with its pod; only the history is
    affected.
    """

    url: HttpUrl = _OURS
    """URL at which KEDA queries Prometheus. With a value other than the default, axon uses that Prometheus
    and installs none.
    """

    namespace: DnsLabel = "monitoring"
    """Namespace from which Prometheus scrapes replicas. Change it only together with `url`, for a Prometheus
    that you run.
    """

    retention: Retention = "6h"
    """Time for which metrics are kept, 1h to 8760h."""

    cpu: Cpu = "50m"
    """CPU request of Prometheus in cores, at least 20m."""

    mem: Memory = "512Mi"
    """Memory of Prometheus, at least 20Mi. The default suffices for some thousand replicas."""

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
        """True if the platform installs Prometheus."""
        return self.url == _OURS


class Quota(Settings):
    """Limits of the requests of all models together. New replicas of a rollout count too, so leave room for
    them.
    """

    cpu: Quantity | None = None
    """CPU requests of all models together, in cores. Unset: no limit."""

    mem: Memory | None = None
    """Memory requests of all models together. Unset: no limit."""

    pods: int | None = Field(default=None, ge=1, le=10000)
    """Number of replicas of all models together. Unset: no limit."""

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
    """Gateway, autoscaling and namespace of the models."""

    install: bool = True
    """Installation of the platform. `false`: another stack of the same cluster installs it."""

    namespace: DnsLabel = "models"
    """Namespace of the stack's models. Each stack on a shared cluster needs its own."""

    labels: Labels = Field(default_factory=dict[str, str], max_length=20)
    """Labels of every replica for cost allocation, such as `{team: vision}`. A new label triggers a rollout
    of every model.
    """

    quota: Quota | None = None
    """Limits of the requests of all models together. Unset: no limits."""

    priority_classes: dict[PriorityClass, Priority] = Field(default_factory=dict[str, int], max_length=20)
    """PriorityClasses to create, by name, for `priority_class` of models. Pods with a higher value are
    scheduled first.
    """

    charts: RelativePath | None = None
    """Folder of the project with the upstream charts, for machines that cannot fetch them. Unset: they are
    fetched.
    """

    model_buckets: Annotated[list[Bucket], AfterValidator(no_duplicates)] = Field(
        default_factory=list[str], max_length=20
    )
    """Buckets that only people of the stack can write to, as `s3://bucket` or `gs://bucket`. Models in them
    need no `sha256`.

    The stack's own bucket on EKS (`model_store`) is always included.
    """

    gateway: Gateway = Gateway()
    """Ingress of the model APIs, and its limits for clients."""

    internal_networks: Annotated[list[InternalNetwork], AfterValidator(no_duplicates)] | None = Field(
        default=None, max_length=64
    )
    """Networks of nodes, pods and Services, which a replica that fetches its model cannot reach.

    Unset: all private networks, and on EKS those of the VPC and of its Services. List a store in one of them
    in the model's `egress`. Link-local addresses, such as a cloud's metadata service, are always excluded.
    """

    metrics_server: bool = True
    """Installation of metrics-server, which the autoscaler reads. `false` if the cluster has it, as k3s and
    GKE do.
    """

    keda: bool = True
    """Installation of KEDA, which scales on requests. `false` if the cluster has it."""

    prometheus: Prometheus = Prometheus()
    """Prometheus, from which KEDA reads the number of requests."""

    @property
    def controllers(self) -> int:
        """Number of replicas of the gateway's controller and of KEDA: one on a single node."""
        return min(2, self.gateway.replicas)
