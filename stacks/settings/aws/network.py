"""`axon:cluster.network`: a VPC that the stack creates, or an existing one."""

import ipaddress
from typing import Annotated, Any, Literal, cast, get_args

from pydantic import AfterValidator, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.aws.catalogue import eks_zones
from stacks.settings.aws.units import Cidr, SubnetId, VpcId, Zone, no_duplicates
from stacks.settings.base import Settings

# Eight equal parts: one private subnet per zone (at most six), one part for all public subnets, one spare.
# A zone that is added later takes the next part, and no other subnet moves.
_PARTS = 8
_PUBLIC_PART = 6
# Five addresses of every subnet are AWS' own:
# https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
_TAKEN_BY_AWS = 5
# RFC 1918 and RFC 6598
PRIVATE_RANGES = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"]

InterfaceEndpoint = Literal[
    "autoscaling",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticloadbalancing",
    "logs",
    "ssm",
    "ssmmessages",
    "sts",
]
# Without a route to the internet, nodes reach AWS only by these; Session Manager's are a convenience.
# https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html
NEEDED_WITHOUT_NAT = [name for name in get_args(InterfaceEndpoint) if not name.startswith("ssm")]


def _size_of_a_vpc(cidr: str) -> str:
    if 16 <= ipaddress.ip_network(cidr).prefixlen <= 28:
        return cidr
    raise ValueError(f'"{cidr}": a VPC is between /28 and /16')


class ExistingVpc(Settings):
    """An existing VPC with its subnets by zone. The stack changes neither their tags nor their routes."""

    vpc: VpcId
    """ID of the VPC, such as `vpc-0123456789abcdef0`."""

    cidr: Annotated[Cidr, AfterValidator(_size_of_a_vpc)]
    """Primary network of the VPC in CIDR notation."""

    private_subnets: dict[Zone, SubnetId] = Field(min_length=2, max_length=6)
    """IDs of private subnets, by zone. Each needs a route to the internet by NAT, or the VPC endpoints that
    EKS requires.
    """

    public_subnets: dict[Zone, SubnetId] = Field(default_factory=dict[str, str], max_length=6)
    """IDs of public subnets (with a route to an internet gateway), by zone. At least two are required for a
    load balancer that faces the internet.
    """


class Network(Settings):
    """VPC over several availability zones of the region."""

    cidr: Cidr = "10.0.0.0/16"
    """Private network of the VPC in CIDR notation, /16 to /22. The default has room for
    8000 pods per zone.
    """

    service_cidr: Cidr = "172.20.0.0/16"
    """Private network of Kubernetes Services in CIDR notation, /12 to /24, outside the VPC's network. The
    default is one of the two that EKS chooses from.
    """

    zone_count: int = Field(default=3, ge=2, le=6)
    """Number of availability zones, taken from the region's zones with EKS in order. Adding a zone moves no
    subnet.
    """

    zones: list[Zone] = Field(default_factory=list[str], max_length=6)
    """Names of at least two availability zones, for a selection other than the first ones. Empty: the first
    `zone_count` zones.
    """

    control_plane_zones: list[Zone] = Field(default_factory=list[str], max_length=2)
    """The two zones with network interfaces of the control plane. EKS can never change them.

    Nodes may run in other zones. Empty: the first two zones.
    """

    nat: Literal["none", "single", "per_zone"] = "single"
    """NAT gateways, by which private subnets reach the internet. `per_zone` survives the loss of a zone and
    costs one gateway per zone.
    """

    interface_endpoints: Annotated[list[InterfaceEndpoint], AfterValidator(no_duplicates)] = Field(
        default_factory=list[InterfaceEndpoint]
    )
    """AWS services that are reached inside the VPC, each at an hourly price per zone. S3 is always included,
    at no cost.
    """

    flow_logs: bool = False
    """Logging of rejected connections to CloudWatch. Set it to investigate blocked traffic."""

    existing: ExistingVpc | None = None
    """Existing VPC to use. The other keys of `network`, such as `cidr`, `zones` and `nat`, then do not apply.
    Unset: the stack creates a VPC.
    """

    @field_validator("interface_endpoints", mode="before")
    @classmethod
    def _not_s3(cls, services: Any) -> Any:
        if isinstance(services, list) and "s3" in services:
            raise ValueError("S3 is always reached inside the VPC: leave it out")
        return cast(Any, services)

    @field_validator("zones", "control_plane_zones")
    @classmethod
    def _at_least_two(cls, zones: list[str]) -> list[str]:
        if len(set(zones)) != len(zones):
            raise ValueError("a zone stands twice")
        if len(zones) == 1:
            raise ValueError("EKS needs two zones")
        return zones

    @field_validator("cidr")
    @classmethod
    def _size(cls, cidr: str) -> str:
        network = ipaddress.ip_network(cidr)
        if not 16 <= network.prefixlen <= 22:
            raise ValueError(f'"{cidr}": a VPC has /16 at most, and the plan needs /22 at least')
        _refuse_public(cidr)
        return cidr

    @field_validator("service_cidr")
    @classmethod
    def _service_size(cls, cidr: str) -> str:
        # https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html
        if not 12 <= ipaddress.ip_network(cidr).prefixlen <= 24:
            raise ValueError(f'"{cidr}": the network of Services is between /24 and /12')
        _refuse_public(cidr)
        return cidr

    @model_validator(mode="after")
    def _apart(self) -> "Network":
        vpc = self.existing.cidr if self.existing else self.cidr
        if ipaddress.ip_network(vpc).overlaps(ipaddress.ip_network(self.service_cidr)):
            raise PydanticCustomError(
                "overlap",
                "the VPC, {vpc}, and service_cidr, {services}, overlap",
                {"vpc": vpc, "services": self.service_cidr, "at": "service_cidr"},
            )
        return self

    @model_validator(mode="after")
    def _reaches_aws(self) -> "Network":
        missing = [name for name in NEEDED_WITHOUT_NAT if name not in self.interface_endpoints]
        if self.nat == "none" and missing and not self.existing:
            raise PydanticCustomError(
                "endpoints",
                "with `nat: none` nodes reach AWS by interface_endpoints alone; add {missing}",
                {"missing": ", ".join(missing), "at": "nat"},
            )
        return self

    def zone_names(self, region: str) -> list[str]:
        """Return the zones, only from the settings: the order of AWS' own list may change."""
        if self.existing:
            return sorted(self.existing.private_subnets)
        return self.zones or eks_zones(region)[: self.zone_count]

    def zones_of_control_plane(self, region: str) -> list[str]:
        """Return the two zones in which the control plane has network interfaces."""
        return self.control_plane_zones or self.zone_names(region)[:2]

    def private_cidr(self, index: int) -> str:
        """Return the network of the private subnet in the zone at `index`."""
        return str(self._parts()[index])

    def public_cidr(self, index: int) -> str:
        """Return the network of the public subnet in the zone at `index`."""
        return str(list(self._parts()[_PUBLIC_PART].subnets(prefixlen_diff=3))[index])

    def addresses(self, visibility: Literal["private", "public"]) -> int | None:
        """Return the addresses that nodes and pods of one zone can have, or None in an existing VPC."""
        if self.existing:
            return None
        cidr = self.private_cidr(0) if visibility == "private" else self.public_cidr(0)
        return ipaddress.ip_network(cidr).num_addresses - _TAKEN_BY_AWS

    def _parts(self) -> list[ipaddress.IPv4Network]:
        return list(ipaddress.IPv4Network(self.cidr).subnets(prefixlen_diff=_PARTS.bit_length() - 1))


def _refuse_public(cidr: str) -> None:
    # https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
    network = ipaddress.IPv4Network(cidr)
    if not any(network.subnet_of(ipaddress.IPv4Network(private)) for private in PRIVATE_RANGES):
        raise ValueError(f'"{cidr}" is not private: use a part of {", ".join(PRIVATE_RANGES)}')
