"""What stands around an EKS cluster: load balancer, logs, model store, DNS, budget."""

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
    """A registry that ECR can cache: the folder of its copies, and what ECR calls it."""

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

    Both registries want a login. A secret holds `{"username": …, "accessToken": …}`.
    """

    docker_hub: RegistrySecret
    """The ARN of the secret of Secrets Manager with a login to Docker Hub."""

    github: RegistrySecret
    """The ARN of the secret with a login to ghcr.io."""

    def secret(self, registry: str) -> str | None:
        """Return the secret with the login to a registry, if it wants one."""
        return {"docker.io": self.docker_hub, "ghcr.io": self.github}.get(registry)


class Tls(Settings):
    """How clients' connections are encrypted: at the load balancer, or at the gateway."""

    certificate_arn: Arn | None = None
    """A certificate of ACM: the load balancer ends TLS (Cortex's ssl_certificate_arn)."""

    cluster_issuer: DnsLabel | None = None
    """A ClusterIssuer of a cert-manager that is installed already: the gateway ends TLS."""

    client_ca: ObjectName | None = None
    """A ConfigMap in `envoy-gateway-system` whose `ca.crt` has to have signed each client's certificate."""

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
    """Names of the load balancer in a hosted zone of Route 53."""

    zone_id: HostedZone
    """The hosted zone."""

    hostnames: Annotated[list[Hostname], AfterValidator(no_duplicates)] = Field(min_length=1, max_length=10)
    """Names in it that lead to the load balancer; the first is the one that endpoints are shown with."""


class LoadBalancer(Settings):
    """The network load balancer (NLB) before the gateway."""

    scheme: Literal["internet-facing", "internal"] = "internet-facing"
    """Where it can be reached from (name and default: Cortex's api_load_balancer_scheme)."""

    allow: Annotated[list[Cidr], AfterValidator(no_duplicates), AfterValidator(not_everybody)] = Field(
        default_factory=list[str], max_length=60
    )
    """Networks that may connect. Required where it faces the internet; empty and internal: private ones."""

    anywhere: bool = False
    """Let the whole internet connect. It has to be asked for by this name."""

    plain_http: bool = False
    """Face the internet without `tls`: requests and answers can be read on their way."""

    client_ip: Literal["preserved", "proxy_protocol"] = "preserved"
    """How the gateway learns the client's address. Both need nothing of the client."""

    tls: Tls | None = None
    """Serve HTTPS on 443; HTTP on 80 then leads there. Unset: HTTP."""

    dns: Dns | None = None
    """Names for it. Unset: AWS' own."""

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
        """Whether it faces the internet."""
        return self.scheme == "internet-facing"

    @property
    def clients(self) -> list[str]:
        """The networks that may connect."""
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
    """Fluent Bit, to one CloudWatch log group of the stack."""

    enabled: bool = True
    """Install it."""

    retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = 14
    """How long the model APIs' logs are kept."""


class ModelStore(Settings):
    """A private, versioned, encrypted S3 bucket."""

    enabled: bool = True
    """Make it."""

    old_versions_days: int = Field(default=90, ge=1, le=3650)
    """When versions that were overwritten or deleted are removed for good."""

    delete_with_contents: bool = False
    """Let `make down` remove the bucket with what is in it."""


class ExternalDns(Settings):
    """external-dns, for the hostnames of routes."""

    zone_ids: list[HostedZone] = Field(min_length=1, max_length=20)
    """The hosted zones whose records it may change, and no others."""


class Budget(Settings):
    """An AWS budget over the resources with the stack's tag."""

    monthly_usd: int = Field(ge=1, le=1_000_000_000)
    """US dollars a month. The warning comes when the forecast passes it."""

    emails: list[Email] = Field(min_length=1, max_length=10)
    """Who is told."""
