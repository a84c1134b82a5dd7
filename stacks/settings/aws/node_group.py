"""One entry of `axon:cluster.node_groups`: nodes that are alike, as many as the load asks for."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.aws.instances import InstanceType, instance_type
from stacks.settings.aws.units import Zone
from stacks.settings.base import Settings
from stacks.settings.labels import is_label_key, is_label_value
from stacks.settings.units import NodesOrPercent

# Set by EKS or by axon; a label of the user's must not take their place.
_IMPLIED = ("CriticalAddonsOnly", "nvidia.com/gpu", "aws.amazon.com/neuron", "axon.dev/arch")
_RESERVED = ("kubernetes.io", "k8s.io", "eks.amazonaws.com", "k8s.amazonaws.com", "axon.dev")


def _known(name: str) -> str:
    if name.startswith("inf1."):
        raise ValueError(f'"{name}": EKS\' Neuron images no longer run Inferentia 1 (try inf2.xlarge)')
    return instance_type(name).name


InstanceTypeName = Annotated[str, AfterValidator(_known)]


class Disk(Settings):
    """The root disk of each node, encrypted."""

    size: int = Field(default=50, ge=20, le=16384)
    """GiB (default: Cortex's). Images of GPU frameworks need 100 and more."""

    type: Literal["gp3", "io2"] = "gp3"
    """EBS volume type (default: Cortex's)."""

    iops: int = Field(default=3000, ge=100, le=256000)
    """Operations a second (default: what gp3 has without extra cost)."""

    throughput: int = Field(default=125, ge=125, le=2000)
    """MiB a second, of gp3 alone (default: what gp3 has without extra cost)."""

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
    """What keeps pods that do not tolerate it away. Models that name the group tolerate its taints."""

    key: str
    """Its key."""

    value: str = "true"
    """Its value."""

    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = "NoSchedule"
    """What becomes of pods that do not tolerate it."""

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
    """An EKS managed node group, between two sizes; the node autoscaler owns the size itself."""

    instance_types: list[InstanceTypeName] = Field(min_length=1, max_length=20)
    """EC2 types of the same vCPU, memory and accelerators. Four or more make spot capacity likelier."""

    min_instances: int = Field(default=1, ge=0, le=450)
    """Never fewer (default: Cortex's). 0: nodes come when a pod needs them, in about two minutes."""

    max_instances: int = Field(default=5, ge=1, le=450)
    """Never more (default: Cortex's; the most: EKS' quota)."""

    role: Literal["models", "system"] = "models"
    """`system`: for the platform alone, tainted `CriticalAddonsOnly`. A stack needs one such group."""

    spot: bool = False
    """Spot capacity: about a third of the price, and EC2 may take a node back with two minutes' notice."""

    priority: int = Field(default=1, ge=1, le=100)
    """Which group grows first: the highest that has room (name and range: Cortex's)."""

    disk: Disk = Disk()
    """The root disk."""

    image: Literal["al2023", "bottlerocket"] = "al2023"
    """Amazon Linux 2023 or Bottlerocket. The variant (NVIDIA, Neuron, ARM) follows the instance types."""

    subnets: Literal["private", "public"] = "private"
    """Which subnets (Cortex's subnet_visibility)."""

    zones: list[Zone] = Field(default_factory=list[str], max_length=6)
    """The zones, of the network's. Empty: all. One, where GPUs or disks tie pods to a zone."""

    labels: dict[str, str] = Field(default_factory=dict[str, str], max_length=50)
    """Kubernetes labels beside axon's own."""

    taints: list[Taint] = Field(default_factory=list[Taint], max_length=20)
    """Taints beside those that accelerators and ARM get by themselves."""

    max_unavailable: NodesOrPercent = "25%"
    """Nodes that a rolling update of the group replaces at once."""

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
        """Cluster Autoscaler takes all nodes of a group for equal, and one AMI must fit them."""
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
        """The facts of the instance types."""
        return [instance_type(name) for name in self.instance_types]

    @property
    def facts(self) -> InstanceType:
        """What every node of the group has at least: the type with the fewest pods and addresses."""
        return min(self.types, key=lambda kind: (kind.allocatable_memory, kind.pods))

    @property
    def all_taints(self) -> list[Taint]:
        """The taints of the nodes: the user's, and those that follow from what they are."""
        own = {
            "CriticalAddonsOnly": self.role == "system",
            "nvidia.com/gpu": self.facts.gpus > 0,
            "aws.amazon.com/neuron": self.facts.neuron_devices > 0,
            # As GKE does: images are of one architecture, and most are not of this one.
            "axon.dev/arch": self.facts.architecture == "arm64",
        }
        value = {"axon.dev/arch": "arm64"}
        implied = [Taint(key=key, value=value.get(key, "true")) for key, applies in own.items() if applies]
        return [*implied, *self.taints]

    @property
    def device_plugin(self) -> str | None:
        """Which device plugin the nodes need: Bottlerocket's images have NVIDIA's own in them."""
        if self.facts.gpus and self.image == "al2023":
            return "nvidia"
        return "neuron" if self.facts.neuron_devices else None
