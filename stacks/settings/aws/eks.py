"""`axon:cluster` with `kind: eks`: everything that a stack makes on AWS."""

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
    """Who may reach the Kubernetes API. It is always reachable inside the VPC."""

    public_cidrs: Annotated[list[Cidr], AfterValidator(no_duplicates), AfterValidator(not_everybody)] = Field(
        default_factory=list[str], max_length=40
    )
    """Networks outside that may. Empty: none, and `pulumi up` has to run inside the VPC."""

    anywhere: bool = False
    """Let the whole internet reach it; a login is needed still. It has to be asked for by this name."""

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
        """The networks outside the VPC that may reach the API."""
        return ["0.0.0.0/0"] if self.anywhere else self.public_cidrs


class Access(Settings):
    """What one IAM role or user may do in the cluster."""

    principal_arn: IamArn
    """The role or user."""

    policy: Literal["cluster-admin", "admin", "admin-view", "edit", "view"] = "view"
    """EKS' access policy of that name. `admin-view` reads everything, Secrets too."""

    namespaces: list[DnsLabel] = Field(default_factory=list[str])
    """Where it holds. Empty: everywhere."""

    @model_validator(mode="after")
    def _cluster_admins_are_everywhere(self) -> "Access":
        if self.policy == "cluster-admin" and self.namespaces:
            raise PydanticCustomError("scope", "cluster-admin holds everywhere (try `policy: admin`)")
        return self


class EksCluster(Settings):
    """A cluster on AWS, made from nothing: network, control plane, node groups, stores."""

    kind: Literal["eks"]
    """`eks`: Amazon's Kubernetes, made by this stack."""

    name: ClusterName
    """Name of the cluster, and the first part of every name on AWS: unique in the account, as roles' are."""

    account: AccountId
    """The AWS account that the stack belongs to. With the credentials of another nothing is done."""

    region: Region
    """AWS region."""

    version: KubernetesVersion = "1.36"
    """Kubernetes. It can be raised, one minor version an update, and never lowered."""

    addons: dict[AddonName, AddonVersion] = Field(default_factory=dict[AddonName, str])
    """Other versions of EKS add-ons than those that axon pins for the version of Kubernetes."""

    node_releases: dict[AmiType, NodeRelease] = Field(default_factory=dict[AmiType, str])
    """The release of each kind of node image. Unset: the newest when the group is made; `make patch` sets it.

    Amazon Linux's begins with the version of Kubernetes that it is for, and holds for no other.
    """

    network: Network = Network()
    """VPC, zones, NAT."""

    endpoint: Endpoint = Endpoint()
    """Who may reach the Kubernetes API."""

    access: dict[DnsLabel, Access] = Field(default_factory=dict[str, Access])
    """IAM principals that may use the cluster, all of them: who creates it is not among them by that."""

    permissions_boundary: IamArn | None = None
    """IAM policy that limits each role of the stack (`make bootstrap` makes one). Unset: no limit."""

    node_groups: dict[GroupName, NodeGroup] = Field(min_length=1)
    """The nodes."""

    control_plane_logs: Annotated[list[ControlPlaneLog], AfterValidator(no_duplicates)] = Field(
        default_factory=lambda: list[ControlPlaneLog](["audit", "authenticator"])
    )
    """Logs of the control plane in CloudWatch, which charges by the gigabyte. Empty: none.

    `audit` (each request to the API) and `api` are the largest by far.
    """

    log_retention_days: RetentionDays = 30
    """Days that the logs of the control plane and the flow logs are kept."""

    protected: bool = False
    """Refuse to delete the cluster, its load balancer and its stores."""

    load_balancer: LoadBalancer = LoadBalancer()
    """The network load balancer before the gateway."""

    logging: Logging = Logging()
    """The logs of the model APIs."""

    model_store: ModelStore = ModelStore()
    """The S3 bucket for models."""

    external_dns: ExternalDns | None = None
    """Keep DNS records for the hostnames of routes. Unset: not installed."""

    image_cache: ImageCache | None = None
    """Cache the platform's images in ECR. Unset: nodes pull them from the public registries, or a mirror."""

    budget: Budget | None = None
    """Warn by e-mail about what the stack costs. Unset: no warning."""

    tags: dict[TagKey, TagValue] = Field(default_factory=dict[str, str], max_length=20)
    """Tags of every AWS resource, beside `axon:stack` and `axon:cluster`, for cost reports."""

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
        """Return the pinned release of a node image, or None where the newest is taken."""
        release = self.node_releases.get(ami_type)
        elsewhere = ami_type.startswith("AL2023") and not (release or "").startswith(f"{self.version}.")
        return None if elsewhere else release

    @property
    def registry(self) -> str:
        """The stack's own image registry."""
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com/{self.name}"

    @property
    def image_mirrors(self) -> dict[str, str]:
        """Where copies of the images of public registries are, by registry."""
        return {
            host: f"{self.registry}/{cached.prefix}" for host, cached in CACHED.items() if self.image_cache
        }
