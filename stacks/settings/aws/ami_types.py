"""AMI types: the EKS node image for a node group."""

from typing import get_args

from stacks.settings.aws.node_group import NodeGroup
from stacks.settings.aws.versions import AmiType

_KINDS: dict[str, AmiType] = {kind: kind for kind in get_args(AmiType)}


def ami_type(group: NodeGroup) -> AmiType:
    """Return the AMI type of the nodes of a group.

    Source: https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html (amiType).
    """
    facts = group.facts
    arm = facts.architecture == "arm64"
    machine = "ARM_64" if arm else "x86_64"
    if group.image == "bottlerocket":
        return _KINDS[f"BOTTLEROCKET_{machine}{'_NVIDIA' if facts.gpus else ''}"]
    variant = "NVIDIA" if facts.gpus else "NEURON" if facts.neuron_devices else "STANDARD"
    return _KINDS[f"AL2023_{machine}_{variant}"]
