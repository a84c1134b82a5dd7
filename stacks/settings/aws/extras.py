"""Parts around an EKS cluster: load balancer, logs, model store, DNS, budget."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.aws.network import PRIVATE_RANGES
from stacks.settings.aws.units import Arn, Cidr, no_duplicates, not_everybody
from stacks.settings.base import Settings
from stacks.settings.sources import ObjectName
from stacks.settings.units import DnsLabel
from stacks.settings.web import Hostname


def _hosted_zone(text: str) -> str:
    if re.fullmatch(r"Z[A-Z0-9]{1,31}", text):
        return text
    raise ValueError(f'"{text}" is not the id of a Route 53 hosted zone (such as Z0123456789ABCDEFGHIJ)')


def _email(text: str) -> str:
    # https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1
    if re.fullmatch(r"[!-?A-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", text) and len(text) <= 254:
        return text
    raise ValueError(f'"{text}" is not an e-mail address')


Email = Annotated[str, AfterValidator(_email)]
HostedZone = Annotated[str, AfterValidator(_hosted_zone)]


@dataclass(frozen=True)
class Cached:
    """A registry that ECR can cache: the folder of its copies, and its name in ECR."""

    prefix: str
    url: str


# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html . NVIDIA's is
# not among them.
CACHED = {
    "docker.io": Cached("hub", "registry-1.docker.io"),
    "ghcr.io": Cached("ghcr", "ghcr.io"),
    "public.ecr.aws": Cached("ecr", "public.ecr.aws"),
    "registry.k8s.io": Cached("k8s", "registry.k8s.io"),
}


def _registry_secret(text: str) -> str:
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html
    if re.fullmatch(r"arn:aws:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:ecr-pullthroughcache/\S+", text):
        return text
    raise ValueError(f'"{text}" is not the ARN of a secret whose name starts with ecr-pullthroughcache/')


RegistrySecret = Annotated[str, AfterValidator(_registry_secret)]


class ImageCache(Settings):
    """ECR's pull-through cache: nodes pull the platform's images from ECR, which fetches and keeps copies.

    Both registries require a login. A secret holds `{"username": …, "accessToken": …}`.
    """

    docker_hub: RegistrySecret
    """ARN of the Secrets Manager secret with a login to Docker Hub. The secret's name must begin with
    `ecr-pullthroughcache/`.
    """

    github: RegistrySecret
    """ARN of the Secrets Manager secret with a login to ghcr.io. The secret's name must begin with
    `ecr-pullthroughcache/`.
    """

    def secret(self, registry: str) -> str | None:
        """Return the secret with the login to a registry, if the registry requires one."""
        return {"docker.io": self.docker_hub, "ghcr.io": self.github}.get(registry)


class Tls(Settings):
    """Encryption of clients' connections, either at the load balancer or at the gateway."""

    certificate_arn: Arn | None = None
    """ARN of an ACM certificate, with which the load balancer terminates TLS. Set either this or
    `cluster_issuer`.
    """

    cluster_issuer: DnsLabel | None = None
    """Name of a ClusterIssuer of cert-manager, which must be installed already. The gateway terminates TLS.
    Set either this or `certificate_arn`.
    """

    client_ca: ObjectName | None = None
    """Name of a ConfigMap in `envoy-gateway-system` whose `ca.crt` must have signed each client's
    certificate. Unset: clients need no certificate.
    """

    @model_validator(mode="after")
    def _one(self) -> "Tls":
        if self.certificate_arn and self.cluster_issuer:
            raise PydanticCustomError("tls", "has both certificate_arn and cluster_issuer: keep one")
        if not self.certificate_arn and not self.cluster_issuer:
            raise PydanticCustomError("tls", "needs `certificate_arn` or `cluster_issuer`")
        if self.client_ca and self.certificate_arn:
            message = "needs `cluster_issuer`: a load balancer that ends TLS asks for no certificates"
            raise PydanticCustomError("tls", "{message}", {"message": message, "at": "client_ca"})
        return self


class Dns(Settings):
    """DNS names of the load balancer in a hosted zone of Route 53."""

    zone_id: HostedZone
    """ID of the Route 53 hosted zone, such as `Z0123456789ABCDEFGHIJ`."""

    hostnames: Annotated[list[Hostname], AfterValidator(no_duplicates)] = Field(min_length=1, max_length=10)
    """Host names in the zone that resolve to the load balancer. Endpoints are shown with the first one."""


class LoadBalancer(Settings):
    """Network load balancer (NLB) in front of the gateway."""

    scheme: Literal["internet-facing", "internal"] = "internet-facing"
    """Reachability of the load balancer: from the internet, or only from private networks."""

    allow: Annotated[list[Cidr], AfterValidator(no_duplicates), AfterValidator(not_everybody)] = Field(
        default_factory=list[str], max_length=60
    )
    """Networks that may connect to the load balancer, in CIDR notation. Required if it faces the internet.
    Empty and internal: private networks.
    """

    anywhere: bool = False
    """Access to the load balancer from the whole internet. It is a separate key, so that it is never set by
    accident.
    """

    plain_http: bool = False
    """Service without `tls` on a load balancer that faces the internet. Requests and responses can then be
    read in transit.
    """

    client_ip: Literal["preserved", "proxy_protocol"] = "preserved"
    """Source of the client's address at the gateway: the packets themselves (`preserved`) or the PROXY
    protocol. Clients need no change for either.
    """

    tls: Tls | None = None
    """HTTPS on port 443, with a redirect from HTTP on port 80. Unset: HTTP only."""

    dns: Dns | None = None
    """DNS names of the load balancer in Route 53. Unset: only the name that AWS assigns."""

    @model_validator(mode="after")
    def _issuer_needs_names(self) -> "LoadBalancer":
        if self.tls and self.tls.cluster_issuer and not self.dns:
            raise PydanticCustomError(
                "names",
                "needs load_balancer.dns.hostnames, the names to issue for",
                {"at": "tls.cluster_issuer"},
            )
        return self

    @model_validator(mode="after")
    def _one_or_the_other(self) -> "LoadBalancer":
        if self.anywhere and self.allow:
            raise PydanticCustomError("anywhere", "has both allow and anywhere: keep one")
        return self

    @property
    def is_public(self) -> bool:
        """True if the load balancer faces the internet."""
        return self.scheme == "internet-facing"

    @property
    def clients(self) -> list[str]:
        """Networks that may connect to the load balancer."""
        if self.anywhere:
            return ["0.0.0.0/0"]
        return self.allow or list(PRIVATE_RANGES)

    @model_validator(mode="after")
    def _within_the_quota(self) -> "LoadBalancer":
        # A rule for each network and port; 60 is AWS' default quota of a security group:
        # https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
        most = 30 if self.tls else 60
        if len(self.allow) > most:
            raise PydanticCustomError(
                "rules",
                "{count} networks: a security group takes {most} (30 with TLS, 60 without)",
                {"count": len(self.allow), "most": most, "at": "allow"},
            )
        return self


class Logging(Settings):
    """Fluent Bit, which writes logs to one CloudWatch log group of the stack."""

    enabled: bool = True
    """Installation of Fluent Bit. `false`: the model APIs' logs stay on the nodes."""

    retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = 14
    """Days for which the model APIs' logs are kept."""


class ModelStore(Settings):
    """Private, versioned and encrypted S3 bucket."""

    enabled: bool = True
    """Creation of the bucket. `false`: the stack has no bucket for models."""

    old_versions_days: int = Field(default=90, ge=1, le=3650)
    """Days after which overwritten or deleted versions of a file are removed permanently."""

    delete_with_contents: bool = False
    """Permission for `axon down` to delete the bucket with its contents. `false`: the removal fails unless
    the bucket is empty.
    """


class ExternalDns(Settings):
    """external-dns, which keeps DNS records for the hostnames of routes."""

    zone_ids: list[HostedZone] = Field(min_length=1, max_length=20)
    """IDs of the hosted zones whose records external-dns may change. It changes no others."""


class Budget(Settings):
    """AWS budget over all resources with the stack's tag."""

    monthly_usd: int = Field(ge=1, le=1_000_000_000)
    """Limit in US dollars per month. The warning is sent when the forecast exceeds it."""

    emails: list[Email] = Field(min_length=1, max_length=10)
    """E-mail addresses that receive the warning."""
