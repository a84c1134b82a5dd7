"""Facts of each EC2 instance type, from a committed table.

`python -m stacks.settings.aws.refresh_instances` writes `instances.csv` from moto's copy of EC2's
DescribeInstanceTypes. Its first line states the date.
"""

import csv
import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from stacks.settings.errors import nearest

FILE = Path(__file__).with_name("instances.csv")

# Requests of DaemonSets on every node: aws-node 50m, kube-proxy 100m, ebs-csi-node 30m and 120Mi,
# node monitoring agent 10m and 30Mi, Fluent Bit 50m and 100Mi; rounded up for the accelerators' plugins.
DAEMONS_CPU = Decimal("0.3")
DAEMONS_MEMORY = 400 * 2**20


@dataclass(frozen=True)
class InstanceType:
    """The facts of one instance type."""

    name: str
    architecture: Literal["x86_64", "arm64"]
    vcpu: int
    memory: int
    """Memory in bytes."""
    gpus: int
    """Number of NVIDIA GPUs."""
    neuron_devices: int
    """Number of Inferentia or Trainium devices, as counted by `aws.amazon.com/neuron`."""
    interfaces: int
    """Number of network interfaces."""
    addresses: int
    """Number of IPv4 addresses per interface."""

    @property
    def pods(self) -> int:
        """Return the maximum number of pods per node with prefix delegation.

        Each secondary address becomes a /28 prefix; AWS recommends at most 110 pods below 30 vCPU and 250
        above: https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html
        """
        by_network = self.interfaces * (self.addresses - 1) * 16 + 2
        return min(by_network, 110 if self.vcpu < 30 else 250)

    @property
    def subnet_addresses(self) -> int:
        """Return the subnet addresses that a full node takes: whole /28 prefixes, plus one spare."""
        return (math.ceil(self.pods / 16) + 1) * 16 + self.interfaces

    @property
    def allocatable_cpu(self) -> Decimal:
        """Return the cores that pods may request: all except the shares of the kubelet and the DaemonSets.

        The kubelet keeps 6 % of the first core, 1 % of the second, 0.5 % of the next two and 0.25 % of the
        rest: https://awslabs.github.io/amazon-eks-ami/nodeadm/ (as the AMIs' bootstrap has since 2019).
        """
        shares = [Decimal("0.06"), Decimal("0.01"), Decimal("0.005"), Decimal("0.005")]
        kept = sum(shares[: self.vcpu], Decimal(0)) + Decimal("0.0025") * max(0, self.vcpu - 4)
        return self.vcpu - kept - DAEMONS_CPU

    @property
    def allocatable_memory(self) -> int:
        """Return the bytes that pods may request.

        The kubelet keeps 255Mi and 11Mi per pod, and evicts below 100Mi (the same source); the kernel and the
        firmware keep about 3 % of the memory that EC2 states.
        """
        kept = (255 + 11 * self.pods + 100) * 2**20
        return int(self.memory * 0.97) - kept - DAEMONS_MEMORY


@cache
def instance_types() -> dict[str, InstanceType]:
    """Return the facts of all instance types, by name."""
    with FILE.open() as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {row["name"]: _instance_type(row) for row in rows}


def instance_type(name: str) -> InstanceType:
    """Return the facts of one instance type.

    Raises:
        ValueError: if the table lacks the type, with the nearest name in it.
    """
    known = instance_types()
    if name not in known:
        near = nearest(name, known)
        raise ValueError(f'"{name}" is not a known instance type' + (f" (try {near})" if near else ""))
    return known[name]


def _instance_type(row: dict[str, str]) -> InstanceType:
    return InstanceType(
        name=row["name"],
        architecture="arm64" if row["architecture"] == "arm64" else "x86_64",
        vcpu=int(row["vcpu"]),
        memory=int(row["memory_mib"]) * 2**20,
        gpus=int(row["gpus"]),
        neuron_devices=int(row["neuron_devices"]),
        interfaces=int(row["interfaces"]),
        addresses=int(row["addresses"]),
    )
