"""`axon:cluster` with `kind: eks`: all AWS resources of a stack."""

from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.aws.extras import (
    CACHED,
    Budget,
    ExternalDns,
    ImageCache,
    LoadBalancer,
    Logging,
    ModelStore,
)
from stacks.settings.aws.network import Network
from stacks.settings.aws.node_group import NodeGroup
from stacks.settings.aws.units import (
    AccountId,
    AddonVersion,
    Cidr,
    ClusterName,
    IamArn,
    NodeRelease,
    Region,
    TagKey,
    TagValue,
    no_duplicates,
    not_everybody,
)
from stacks.settings.aws.versions import ADDONS, AddonName, AmiType, KubernetesVersion
from stacks.settings.base import Settings
from stacks.settings.units import DnsLabel

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
# RFC 5737: networks of examples, which the repo's own stack files name
_DOCUMENTATION = ("192.0.2.", "198.51.100.", "203.0.113.")
RetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 3653]

# https://docs.aws.amazon.com/eks/latest/APIReference/API_LogSetup.html
ControlPlaneLog = Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]


def _group_name(text: str) -> str:
    # EKS adds a suffix of 26 digits and allows 63 characters in all.
    if len(text) <= 30:
        return text
    raise ValueError(f'"{text}" is longer than 30 characters')


GroupName = Annotated[DnsLabel, AfterValidator(_group_name)]


class Endpoint(Settings):
    """Access to the Kubernetes API from outside the VPC. Inside the VPC it is always reachable."""

    public_cidrs: Annotated[list[Cidr], AfterValidator(no_duplicates), AfterValidator(not_everybody)] = Field(
        default_factory=list[str], max_length=40
    )
    """Networks outside the VPC that may connect to the Kubernetes API; public ones, in CIDR notation. Empty:
    none, so that `axon up` must run inside the VPC.
    """

    anywhere: bool = False
    """Access to the Kubernetes API from the whole internet; a login is still required. It is a separate key,
    so that it is never set by accident.
    """

    @field_validator("public_cidrs")
    @classmethod
    def _outside(cls, cidrs: list[str]) -> list[str]:
        for cidr in cidrs:
            if ip_network(cidr).is_private and not cidr.startswith(_DOCUMENTATION):
                raise ValueError(f'"{cidr}" is private: what is inside the VPC needs no entry')
        return cidrs

    @model_validator(mode="after")
    def _one_or_the_other(self) -> "Endpoint":
        if self.anywhere and self.public_cidrs:
            raise PydanticCustomError("anywhere", "has both public_cidrs and anywhere: keep one")
        return self

    @property
    def cidrs(self) -> list[str]:
        """Networks outside the VPC that may connect to the API."""
        return ["0.0.0.0/0"] if self.anywhere else self.public_cidrs


class Access(Settings):
    """Permissions of one IAM role or user in the cluster."""

    principal_arn: IamArn
    """ARN of the IAM role or user."""

    policy: Literal["cluster-admin", "admin", "admin-view", "edit", "view"] = "view"
    """EKS access policy that the principal receives. `admin-view` reads everything, including Secrets."""

    namespaces: list[DnsLabel] = Field(default_factory=list[str])
    """Namespaces to which the policy applies. Empty: the whole cluster, which `cluster-admin` requires."""

    @model_validator(mode="after")
    def _cluster_admins_are_everywhere(self) -> "Access":
        if self.policy == "cluster-admin" and self.namespaces:
            raise PydanticCustomError("scope", "cluster-admin holds everywhere (try `policy: admin`)")
        return self


class EksCluster(Settings):
    """A new cluster on AWS: network, control plane, node groups and stores."""

    kind: Literal["eks"]
    """`eks`: Amazon's managed Kubernetes, created by this stack."""

    name: ClusterName
    """Name of the cluster and prefix of all names on AWS, 2 to 20 characters. It must be unique in the
    account, since IAM roles are.
    """

    account: AccountId
    """ID of the AWS account that the stack belongs to, twelve digits in quotes. With credentials of another
    account nothing is changed.
    """

    region: Region
    """AWS region of the cluster, such as `eu-west-1`."""

    version: KubernetesVersion = "1.36"
    """Kubernetes version of the control plane and the nodes. Raise it by one minor version per update; it can
    never be lowered.
    """

    addons: dict[AddonName, AddonVersion] = Field(default_factory=dict[AddonName, str])
    """Versions of EKS add-ons, by name, in place of those that axon pins for the Kubernetes version."""

    node_releases: dict[AmiType, NodeRelease] = Field(default_factory=dict[AmiType, str])
    """Release of the node image, by AMI type, such as `1.36.1-20261101`. Unset: the newest release at the
    time that a group is created.

    A release of Amazon Linux begins with its Kubernetes version, and is ignored with any other version.
    `axon patch` writes newer releases here.
    """

    network: Network = Network()
    """VPC, availability zones and NAT gateways of the cluster."""

    endpoint: Endpoint = Endpoint()
    """Access to the Kubernetes API from outside the VPC."""

    access: dict[DnsLabel, Access] = Field(default_factory=dict[str, Access])
    """IAM principals that may use the cluster, by a name of your choice. The principal that creates the
    cluster gets no access unless it is listed.
    """

    permissions_boundary: IamArn | None = None
    """ARN of the IAM policy that limits every role of the stack; `axon bootstrap` creates one. Unset: no
    limit.
    """

    node_groups: dict[GroupName, NodeGroup] = Field(min_length=1)
    """Node groups of the cluster, by name (at most 30 characters). At least one group must have
    `role: system` and `min_instances` of 1 or more.
    """

    control_plane_logs: Annotated[list[ControlPlaneLog], AfterValidator(no_duplicates)] = Field(
        default_factory=lambda: list[ControlPlaneLog](["audit", "authenticator"])
    )
    """Control plane logs that are written to CloudWatch, which charges per gigabyte. Empty: none.

    `audit` (each request to the API) and `api` are by far the largest.
    """

    log_retention_days: RetentionDays = 30
    """Days for which the control plane logs and the flow logs are kept."""

    protected: bool = False
    """Protection of the cluster, its load balancer and its stores against deletion. Set it for production."""

    load_balancer: LoadBalancer = LoadBalancer()
    """Network load balancer in front of the gateway."""

    logging: Logging = Logging()
    """Collection of the model APIs' logs in CloudWatch."""

    model_store: ModelStore = ModelStore()
    """S3 bucket for models, created by the stack."""

    external_dns: ExternalDns | None = None
    """Management of DNS records for the hostnames of routes. Unset: external-dns is not installed."""

    image_cache: ImageCache | None = None
    """Cache of the platform's images in ECR. Unset: nodes pull from the public
    registries, or from a mirror.
    """

    budget: Budget | None = None
    """Warning by e-mail about the cost of the stack. Unset: no warning."""

    tags: dict[TagKey, TagValue] = Field(default_factory=dict[str, str], max_length=20)
    """Tags of every AWS resource, in addition to `axon:stack` and `axon:cluster`. Set them to break down cost
    reports.
    """

    @model_validator(mode="after")
    def _has_a_home_for_the_platform(self) -> "EksCluster":
        if not any(g.role == "system" and g.min_instances for g in self.node_groups.values()):
            raise PydanticCustomError(
                "system",
                "none has `role: system` and min_instances of 1 or more, which the platform runs on",
                {"at": "node_groups"},
            )
        return self

    @model_validator(mode="after")
    def _the_platform_fits_its_home(self) -> "EksCluster":
        for name, group in self.node_groups.items():
            if group.role == "system" and len(group.all_taints) > 1:
                keys = ", ".join(taint.key for taint in group.all_taints[1:])
                raise PydanticCustomError(
                    "system",
                    "the platform does not tolerate {keys}: "
                    "a system group is x86, without accelerators and taints",
                    {"keys": keys, "at": f"node_groups.{name}"},
                )
        return self

    @model_validator(mode="after")
    def _load_balancer_has_subnets(self) -> "EksCluster":
        existing = self.network.existing
        public = self.load_balancer.is_public
        if existing and public and len(existing.public_subnets) < 2:
            raise PydanticCustomError(
                "subnets",
                "has fewer than 2, and load_balancer faces the internet (try `scheme: internal`)",
                {"at": "network.existing.public_subnets"},
            )
        return self

    @model_validator(mode="after")
    def _load_balancer_is_open_on_purpose(self) -> "EksCluster":
        balancer = self.load_balancer
        if balancer.is_public and not (balancer.allow or balancer.anywhere):
            raise PydanticCustomError(
                "clients",
                "faces the internet: name the clients' networks in `allow`, or say `anywhere: true` if "
                "everybody is meant (or `scheme: internal`)",
                {"at": "load_balancer"},
            )
        if balancer.is_public and not (balancer.tls or balancer.plain_http):
            raise PydanticCustomError(
                "encryption",
                "faces the internet: set `tls`, or say `plain_http: true` if requests may be read on "
                "their way",
                {"at": "load_balancer"},
            )
        return self

    def addon_version(self, addon: AddonName) -> str:
        """Return the pinned version of an EKS add-on."""
        return self.addons.get(addon, ADDONS[self.version][addon])

    def node_release(self, ami_type: AmiType) -> str | None:
        """Return the pinned release of a node image, or None if the newest is used."""
        release = self.node_releases.get(ami_type)
        elsewhere = ami_type.startswith("AL2023") and not (release or "").startswith(f"{self.version}.")
        return None if elsewhere else release

    @property
    def registry(self) -> str:
        """Image registry of the stack."""
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com/{self.name}"

    @property
    def image_mirrors(self) -> dict[str, str]:
        """Repositories with copies of public registries' images, by registry."""
        return {
            host: f"{self.registry}/{cached.prefix}" for host, cached in CACHED.items() if self.image_cache
        }
