"""Rewrite `instances.csv`: `python -m stacks.settings.aws.refresh_instances`."""

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import distribution, version
from typing import Any

from stacks.settings.aws.instances import FILE

_DATA = "moto/ec2/resources/instance_types.json.gz"
# Types whose devices EC2 does not state:
# https://awsdocs-neuron.readthedocs-hosted.com/en/latest/about-neuron/arch/neuron-hardware/trn2-arch.html
_NEURON_DEVICES = {"trn2u.48xlarge": 16}
_COLUMNS = ["name", "architecture", "vcpu", "memory_mib", "gpus", "neuron_devices", "interfaces", "addresses"]


def main() -> None:
    """Read moto's copy of DescribeInstanceTypes and keep what node groups can use."""
    file = distribution("moto").locate_file(_DATA)
    types: dict[str, Any] = json.loads(gzip.decompress(file.read_bytes()))  # type: ignore[attr-defined]
    with FILE.open("w", newline="") as out:
        today = datetime.now(UTC).date()
        out.write(f"# EC2 DescribeInstanceTypes as in moto {version('moto')}, read on {today}\n")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(sorted(_rows(types), key=_by_family_and_size))


def _rows(types: dict[str, Any]) -> Iterator[list[Any]]:
    for name, facts in types.items():
        # EKS' managed nodes need Nitro: prefix delegation does.
        if facts["BareMetal"] or facts.get("Hypervisor") != "nitro":
            continue
        network, gpus = facts["NetworkInfo"], facts.get("GpuInfo", {}).get("Gpus", [])
        devices = facts.get("NeuronInfo", {}).get("NeuronDevices", [])
        yield [
            name,
            facts["ProcessorInfo"]["SupportedArchitectures"][0],
            facts["VCpuInfo"]["DefaultVCpus"],
            facts["MemoryInfo"]["SizeInMiB"],
            # Only whole devices: for a part of a GPU, as in g6f, EC2 counts no GPU.
            sum(gpu["LogicalGpuCount"] for gpu in gpus if gpu["Manufacturer"] == "NVIDIA"),
            sum(device["Count"] for device in devices) or _NEURON_DEVICES.get(name, 0),
            network["NetworkCards"][0]["MaximumNetworkInterfaces"],
            network["Ipv4AddressesPerInterface"],
        ]


def _by_family_and_size(row: list[Any]) -> tuple[str, int, int, str]:
    return row[0].split(".")[0], row[2], row[3], row[0]


if __name__ == "__main__":
    main()
