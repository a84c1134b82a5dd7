"""`axon:platform.gateway`: the entrance to every model API, and its limits for clients."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.aws.units import no_duplicates
from stacks.settings.base import Settings
from stacks.settings.durations import BodyTimeout, HeaderTimeout, IdleTimeout
from stacks.settings.sources import ObjectName
from stacks.settings.units import DnsLabel, duration_seconds
from stacks.settings.web import Hostname, HttpUrl

# A body of 32 MiB, the default limit, arrives in this at 1 Mbit/s.
BODY_SECONDS = 300


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

    url: HttpUrl | None = None
    """Where clients reach it: `https://models.example.com`. Unset: what the cluster says of its address.

    It is what outputs show, and changes nothing else: for a gateway behind something that the stack does
    not make.
    """

    replicas: int = Field(default=2, ge=1, le=20)
    """Envoy proxies. Two, so that one may be drained or die without a refused connection.

    With 1 (a single node) the gateway's controller and KEDA have one replica too; with more they have
    two, spread over nodes.
    """

    header_timeout: HeaderTimeout = "10s"
    """How long the headers of a request may take to arrive, from their first byte; 1s to 5m. Then 408."""

    body_timeout: BodyTimeout | None = None
    """How long a request may take to arrive whole, with its body; 1s to 24h. Then 408.

    Unset: the longest `request_timeout` of the stack's models, at least 5m. Models of other stacks on the
    cluster count for nothing here: set it where they take uploads for longer.
    """

    idle_timeout: IdleTimeout = "5m"
    """When a client's connection without a request is closed; 10s to 1h. The default is a little less than
    the 350 s after which AWS' load balancers forget a connection."""

    max_connections: int = Field(default=10_000, ge=1, le=1_000_000)
    """Connections of clients that each proxy holds for a listener. One more is closed at once."""

    max_streams: int = Field(default=100, ge=1, le=1000)
    """Requests at once on one connection of HTTP/2."""

    def body_seconds(self, longest_request: float) -> float:
        """Return how long a request may take to arrive, where the slowest model takes `longest_request`."""
        if self.body_timeout is not None:
            return duration_seconds(self.body_timeout)
        return max(BODY_SECONDS, longest_request)
