"""`axon:platform`: the add-ons that every model API needs."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.aws.units import no_duplicates
from stacks.settings.base import Settings
from stacks.settings.durations import Retention
from stacks.settings.labels import Labels
from stacks.settings.paths import RelativePath
from stacks.settings.sources import Bucket, ObjectName
from stacks.settings.units import Cpu, DnsLabel, Memory, PriorityClass, Quantity
from stacks.settings.web import Hostname, HttpUrl

# https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/#priorityclass
Priority = Annotated[int, Field(ge=-1_000_000_000, le=1_000_000_000)]
_OURS = "http://prometheus.monitoring:9090"


class GatewayTls(Settings):
    """HTTPS on port 443; HTTP then leads there. On EKS: `load_balancer.tls`."""

    hostnames: Annotated[list[Hostname], AfterValidator(no_duplicates)] = Field(min_length=1, max_length=10)
    """The names that clients use."""

    secret_name: ObjectName | None = None
    """A Secret of type kubernetes.io/tls in the namespace `envoy-gateway-system`, for all the names."""

    cluster_issuer: DnsLabel | None = None
    """A ClusterIssuer of a cert-manager that is installed already, which then makes the Secrets."""

    client_ca: ObjectName | None = None
    """A ConfigMap of that namespace whose `ca.crt` has to have signed each client's certificate."""

    @model_validator(mode="after")
    def _one(self) -> "GatewayTls":
        if bool(self.secret_name) == bool(self.cluster_issuer):
            raise PydanticCustomError("tls", "needs `secret_name` or `cluster_issuer`: one of them")
        return self


class Gateway(Settings):
    """The one entrance to every model API."""

    service_type: Literal["LoadBalancer", "ClusterIP"] = "LoadBalancer"
    """`LoadBalancer` on clouds; `ClusterIP` where the node itself is the client, as on one machine."""

    port: int = Field(default=80, ge=1, le=65535)
    """The HTTP port that the gateway listens on."""

    tls: GatewayTls | None = None
    """HTTPS. Unset: HTTP."""

    replicas: int = Field(default=2, ge=1, le=20)
    """Envoy proxies. Two, so that one may be drained or die without a refused connection."""


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

    metrics_server: bool = True
    """Install metrics-server, which the autoscaler reads. `false` where the cluster has one (k3s, GKE)."""

    keda: bool = True
    """Install KEDA, which scales on requests. `false` where the cluster has it."""

    prometheus: Prometheus = Prometheus()
    """What KEDA asks."""
