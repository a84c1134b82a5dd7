"""`axon:platform.gateway`: the ingress of every model API, and its limits for clients."""

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
    """HTTPS on port 443, with a redirect from HTTP. On EKS, set `load_balancer.tls` instead."""

    hostnames: Annotated[list[Hostname], AfterValidator(no_duplicates)] = Field(min_length=1, max_length=10)
    """Host names that clients use, such as `models.example.com`."""

    secret_name: ObjectName | None = None
    """Name of a Secret of type kubernetes.io/tls in the namespace `envoy-gateway-system`, valid for all host
    names. Set either this or `cluster_issuer`.
    """

    cluster_issuer: DnsLabel | None = None
    """Name of a ClusterIssuer of cert-manager, which must be installed already and then creates the Secrets.
    Set either this or `secret_name`.
    """

    client_ca: ObjectName | None = None
    """Name of a ConfigMap in `envoy-gateway-system` whose `ca.crt` must have signed each client's
    certificate. Unset: clients need no certificate.
    """

    @model_validator(mode="after")
    def _one(self) -> "GatewayTls":
        if bool(self.secret_name) == bool(self.cluster_issuer):
            raise PydanticCustomError("tls", "needs `secret_name` or `cluster_issuer`: one of them")
        return self


class Gateway(Settings):
    """Ingress of every model API: one gateway per cluster."""

    service_type: Literal["LoadBalancer", "ClusterIP"] = "LoadBalancer"
    """Type of the gateway's Service. Use `LoadBalancer` on clouds, and `ClusterIP` if the node itself is the
    client, as on one machine.
    """

    port: int = Field(default=80, ge=1, le=65535)
    """HTTP port on which the gateway listens."""

    tls: GatewayTls | None = None
    """HTTPS for all model APIs. Unset: HTTP only."""

    url: HttpUrl | None = None
    """Base URL that clients use, such as `https://models.example.com`. Unset: the address that the cluster
    reports.

    The value appears in outputs and has no other effect. Set it for a gateway behind a proxy or load balancer
    that the stack does not create.
    """

    replicas: int = Field(default=2, ge=1, le=20)
    """Number of Envoy proxies. With 2 or more, one may be drained or fail without a rejected connection.

    With 1, for a single node, the gateway's controller and KEDA have one replica too. Otherwise they have
    two, spread over nodes.
    """

    header_timeout: HeaderTimeout = "10s"
    """Time in which all headers of a request must arrive, from their first byte; 1s to 5m. After that the
    response is 408.
    """

    body_timeout: BodyTimeout | None = None
    """Time in which a whole request must arrive, including its body; 1s to 24h. After that the response is
    408.

    Unset: the longest `request_timeout` of the stack's models, at least 5m. Set it if models of other stacks
    on the cluster take longer uploads, since those models are not counted.
    """

    idle_timeout: IdleTimeout = "5m"
    """Time without a request after which a client's connection is closed; 10s to 1h.

    The default is a little less than the 350 s after which AWS' load balancers drop a connection.
    """

    max_connections: int = Field(default=10_000, ge=1, le=1_000_000)
    """Maximum number of client connections per proxy and listener. Further connections are closed at once."""

    max_streams: int = Field(default=100, ge=1, le=1000)
    """Maximum number of concurrent requests on one HTTP/2 connection."""

    def body_seconds(self, longest_request: float) -> float:
        """Return the seconds in which a request must arrive, if the slowest model takes `longest_request`."""
        if self.body_timeout is not None:
            return duration_seconds(self.body_timeout)
        return max(BODY_SECONDS, longest_request)
