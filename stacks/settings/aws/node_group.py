"""One entry of `axon:cluster.node_groups`: identical nodes, as many as the load requires."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.aws.instances import InstanceType, instance_type
from stacks.settings.aws.units import Zone
from stacks.settings.base import Settings
from stacks.settings.labels import is_label_key, is_label_value
from stacks.settings.units import NodesOrPercent

# Set by EKS or by axon; a user's label must not replace them.
_IMPLIED = ("CriticalAddonsOnly", "nvidia.com/gpu", "aws.amazon.com/neuron", "axon.dev/arch")
_RESERVED = ("kubernetes.io", "k8s.io", "eks.amazonaws.com", "k8s.amazonaws.com", "axon.dev")


def _known(name: str) -> str:
    if name.startswith("inf1."):
        raise ValueError(f'"{name}": EKS\' Neuron images no longer run Inferentia 1 (try inf2.xlarge)')
    return instance_type(name).name


InstanceTypeName = Annotated[str, AfterValidator(_known)]


class Disk(Settings):
    """Encrypted root disk of each node."""

    size: int = Field(default=50, ge=20, le=16384)
    """Size of the root disk in GiB. Images of GPU frameworks need 100 or more."""

    type: Literal["gp3", "io2"] = "gp3"
    """EBS volume type of the root disk. `io2` allows up to 1000 operations per second and GiB, `gp3` up to
    500.
    """

    iops: int = Field(default=3000, ge=100, le=256000)
    """Disk operations per second (IOPS): 3000 to 80000 for gp3, 100 to 256000 for io2. The default is
    included in the price of gp3.
    """

    throughput: int = Field(default=125, ge=125, le=2000)
    """Disk throughput in MiB per second, at most a quarter of `iops`. Only for gp3, whose price includes the
    default.
    """

    @model_validator(mode="after")
    def _within_the_type(self) -> "Disk":
        # https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html
        if self.type == "gp3" and not 3000 <= self.iops <= 80000:
            raise PydanticCustomError("iops", "a gp3 disk has 3000 to 80000 iops")
        most = {"gp3": 500, "io2": 1000}[self.type] * self.size
        if self.iops > max(3000, most):
            raise PydanticCustomError(
                "iops",
                "{size} GiB of {type} have {most} iops at most",
                {"size": self.size, "type": self.type, "most": most, "at": "iops"},
            )
        if self.type == "gp3" and self.throughput > self.iops / 4:
            raise PydanticCustomError(
                "throughput",
                "{iops} iops carry {most} MiB a second at most",
                {"iops": self.iops, "most": self.iops // 4, "at": "throughput"},
            )
        if self.type == "io2" and "throughput" in self.model_fields_set:
            raise PydanticCustomError("throughput", "throughput is a setting of gp3; io2 follows its iops")
        return self


class Taint(Settings):
    """Taint that keeps pods without a toleration off the nodes. Models that name the group tolerate its
    taints.
    """

    key: str
    """Key of the taint, such as `team`."""

    value: str = "true"
    """Value of the taint, compared with a toleration's value."""

    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"
    """Effect on pods without a toleration: not scheduled, scheduled only if necessary, or evicted."""

    @field_validator("key", "value")
    @classmethod
    def _of_kubernetes(cls, text: str, info: ValidationInfo) -> str:
        taken = is_label_key if info.field_name == "key" else is_label_value
        if not taken(text):
            raise ValueError(
                f'"{text}" cannot be the {info.field_name} of a taint (such as team, or example.com/team)'
            )
        return text


class NodeGroup(Settings):
    """EKS managed node group with a minimum and a maximum size. The node autoscaler sets the current size."""

    instance_types: list[InstanceTypeName] = Field(min_length=1, max_length=20)
    """EC2 instance types with the same vCPUs, memory and accelerators. With `spot`, four or more types make
    capacity more likely.
    """

    min_instances: int = Field(default=1, ge=0, le=450)
    """Minimum number of nodes. `0`: nodes are added when a pod needs one, within about two minutes."""

    max_instances: int = Field(default=5, ge=1, le=450)
    """Maximum number of nodes. The upper bound of 450 is an EKS quota."""

    role: Literal["models", "system"] = "models"
    """Purpose of the group. `system` is only for the platform and has the taint `CriticalAddonsOnly`; a stack
    needs at least one such group.
    """

    spot: bool = False
    """Spot capacity at about a third of the on-demand price. EC2 may reclaim a node
    with two minutes' notice.
    """

    priority: int = Field(default=1, ge=1, le=100)
    """Priority of the group when nodes are added. The group with the highest value that has capacity grows
    first.
    """

    disk: Disk = Disk()
    """Root disk of each node."""

    image: Literal["al2023", "bottlerocket"] = "al2023"
    """Node operating system: Amazon Linux 2023 or Bottlerocket. The variant (NVIDIA, Neuron, ARM) follows
    from the instance types.
    """

    subnets: Literal["private", "public"] = "private"
    """Kind of subnets in which the nodes run. Nodes in `public` subnets have public addresses."""

    zones: list[Zone] = Field(default_factory=list[str], max_length=6)
    """Availability zones of the nodes, a subset of the network's zones. Empty: all. Name one zone if GPUs or
    disks tie pods to it.
    """

    labels: dict[str, str] = Field(default_factory=dict[str, str], max_length=50)
    """Kubernetes labels of the nodes, in addition to axon's own."""

    taints: list[Taint] = Field(default_factory=list[Taint], max_length=20)
    """Taints of the nodes, in addition to those that accelerators and ARM add automatically."""

    max_unavailable: NodesOrPercent = "25%"
    """Maximum number or percentage of nodes that a rolling update of the group replaces at once."""

    @field_validator("labels")
    @classmethod
    def _own_labels(cls, labels: dict[str, str]) -> dict[str, str]:
        for key in labels:
            domain = key.split("/")[0] if "/" in key else ""
            if domain.endswith(_RESERVED):
                own = key.split("/", 1)[1]
                raise ValueError(f'"{key}": labels under {domain} are not the user\'s (try team/{own})')
            if not (is_label_key(key) and is_label_value(labels[key])):
                raise ValueError(
                    f'"{key}: {labels[key]}" is not a Kubernetes label (such as team/tier: batch)'
                )
        return labels

    @field_validator("taints")
    @classmethod
    def _own_taints(cls, taints: list[Taint]) -> list[Taint]:
        keys = [taint.key for taint in taints]
        for key in keys:
            if key in _IMPLIED:
                raise ValueError(f'"{key}" is set by axon where it applies')
            if keys.count(key) > 1:
                raise ValueError(f'"{key}" stands twice')
        return taints

    @field_validator("max_unavailable")
    @classmethod
    def _at_least_one(cls, value: str) -> str:
        if value.strip("%") == "0":
            raise ValueError("0 would keep nodes from ever being updated (try 1)")
        return value

    @model_validator(mode="after")
    def _ordered(self) -> "NodeGroup":
        if self.min_instances > self.max_instances:
            raise PydanticCustomError(
                "order",
                "min_instances is {low}, more than max_instances, {high}",
                {"low": self.min_instances, "high": self.max_instances},
            )
        return self

    @model_validator(mode="after")
    def _alike(self) -> "NodeGroup":
        """Cluster Autoscaler assumes that all nodes in a group are identical, and one AMI must fit them."""
        first, *others = self.types
        for other in others:
            for what in ("architecture", "vcpu", "memory", "gpus", "neuron_devices"):
                if getattr(first, what) != getattr(other, what):
                    raise PydanticCustomError(
                        "alike",
                        "{first} and {other} differ in {what}: the node autoscaler takes the nodes of a "
                        "group for equal (make two groups)",
                        {"first": first.name, "other": other.name, "what": what.replace("_", " ")},
                    )
        return self

    @property
    def types(self) -> list[InstanceType]:
        """Facts of the group's instance types."""
        return [instance_type(name) for name in self.instance_types]

    @property
    def facts(self) -> InstanceType:
        """Capacity that every node of the group has: the facts of the type with the lowest number of pods and
        addresses.
        """
        return min(self.types, key=lambda kind: (kind.allocatable_memory, kind.pods))

    @property
    def all_taints(self) -> list[Taint]:
        """Taints of the nodes: the user's, and those that follow from the instance types."""
        own = {
            "CriticalAddonsOnly": self.role == "system",
            "nvidia.com/gpu": self.facts.gpus > 0,
            "aws.amazon.com/neuron": self.facts.neuron_devices > 0,
            # As on GKE: images are built for one architecture, and most are not built for this one.
            "axon.dev/arch": self.facts.architecture == "arm64",
        }
        value = {"axon.dev/arch": "arm64"}
        implied = [Taint(key=key, value=value.get(key, "true")) for key, applies in own.items() if applies]
        return [*implied, *self.taints]

    @property
    def device_plugin(self) -> str | None:
        """Device plugin that the nodes need. Bottlerocket's images include NVIDIA's."""
        if self.facts.gpus and self.image == "al2023":
            return "nvidia"
        return "neuron" if self.facts.neuron_devices else None
