"""Checks of a cluster against its region: availability zones, and the instance types sold in them."""

from collections.abc import Iterator

from stacks.settings.aws.catalogue import eks_zones, offering_zones, offers
from stacks.settings.aws.eks import EksCluster
from stacks.settings.aws.instances import InstanceType, instance_type
from stacks.settings.aws.node_group import NodeGroup
from stacks.settings.errors import Path, Problem


def place_problems(cluster: EksCluster) -> Iterator[Problem]:
    """Yield zones and instance types that the region of a cluster lacks, by the tables of `catalogue.py`."""
    yield from _zones(cluster)
    yield from _existing_zones(cluster)
    zones = cluster.network.zone_names(cluster.region)
    for name, group in cluster.node_groups.items():
        path: Path = ("cluster", "node_groups", name)
        missing = list(_not_sold(cluster.region, group, path))
        yield from missing or _not_sold_in_zones(cluster.region, group, zones, path)


def _zones(cluster: EksCluster) -> Iterator[Problem]:
    network, there = cluster.network, eks_zones(cluster.region)
    names = ", ".join(there)
    for index, zone in enumerate(network.zones):
        path: Path = ("cluster", "network", "zones", index)
        if not zone.startswith(cluster.region):
            yield Problem(path, f'"{zone}" is not in {cluster.region}')
        elif zone not in there:
            yield Problem(path, f'"{zone}" is not one of {names} (if your account has it: {_ADD})')
    asked = network.zone_count
    if not network.existing and not network.zones and asked > len(there) and _written(cluster, "zone_count"):
        yield Problem(("cluster", "network", "zone_count"), f"{asked} zones: {cluster.region} has {names}")


_ADD = "add its letter in stacks/settings/aws/zones.csv"


def _written(cluster: EksCluster, key: str) -> bool:
    """Return True if a key is set explicitly; a default that exceeds the region's number of zones is no
    problem.
    """
    return key in cluster.network.model_fields_set


def _existing_zones(cluster: EksCluster) -> Iterator[Problem]:
    for key in ("private_subnets", "public_subnets"):
        for zone in getattr(cluster.network.existing, key, ()):
            path: Path = ("cluster", "network", "existing", key, zone)
            if not zone.startswith(cluster.region):
                yield Problem(path, f"is not in {cluster.region}")


def _not_sold(region: str, group: NodeGroup, path: Path) -> Iterator[Problem]:
    sold = offers().get(region)
    for index, name in enumerate(group.instance_types if sold is not None else ()):
        if name not in (sold or {}):
            near = ", ".join(_like(name, region))
            hint = f" (try {near})" if near else ""
            yield Problem((*path, "instance_types", index), f'"{name}" is not sold in {region}{hint}')


def _not_sold_in_zones(region: str, group: NodeGroup, all_zones: list[str], path: Path) -> Iterator[Problem]:
    """Yield zones in which no node of the group could ever start."""
    sold = offering_zones(region, group.instance_types)
    zones = [zone for zone in group.zones or all_zones if zone in all_zones]
    # Nothing is known about a zone that the tables lack.
    without = [zone for zone in zones if sold is not None and zone not in sold and zone in eks_zones(region)]
    if not without:
        return
    types = ", ".join(group.instance_types)
    rest = [zone for zone in zones if zone not in without]
    elsewhere = ", ".join(sorted(sold or ()))
    hint = f"set zones: [{', '.join(rest)}]" if rest else f"it is in {elsewhere}"
    key = "zones" if group.zones else "instance_types"
    yield Problem((*path, key), f"{types}: not sold in {', '.join(without)} ({hint})")


def _like(name: str, region: str) -> list[str]:
    """Return the two types of a region most similar to another: of the same kind, and close in size."""
    wanted, sold = instance_type(name), offers()[region]

    def distance(other: InstanceType) -> tuple[float, float, str]:
        return abs(other.vcpu - wanted.vcpu), abs(other.memory - wanted.memory), other.name

    alike = (instance_type(other) for other in sold)
    kind = _kind(wanted)
    return [other.name for other in sorted((o for o in alike if _kind(o) == kind), key=distance)[:2]]


def _kind(one: InstanceType) -> tuple[str, int, int]:
    return one.architecture, one.gpus, one.neuron_devices
