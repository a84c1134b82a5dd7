"""`node_groups` of cluster.yaml; until v0.30 its only group was at the top of the file."""

from typing import Any

from pydantic import ValidationError

from migrations.from_cortex.report import Fields, given, sequence
from stacks.settings.aws.node_group import NodeGroup

_SYSTEM = {"role": "system", "instance_types": ["t3.large"], "min_instances": 2, "max_instances": 3}
_OF_A_GROUP = (
    "instance_type",
    "min_instances",
    "max_instances",
    "instance_volume_size",
    "instance_volume_type",
    "instance_volume_iops",
    "instance_volume_throughput",
    "spot",
    "spot_config",
)
_DISKS = {"io1": "io2"}
_ON_DEMAND = "has no match: add a group on demand with a lower `priority`, which grows when spot has none"
_SPOT = {
    "on_demand_base_capacity": _ON_DEMAND,
    "on_demand_percentage_above_base_capacity": _ON_DEMAND,
    "on_demand_backup": _ON_DEMAND,
    "max_price": "has no match: spot capacity costs what EC2 asks",
    "instance_pools": "has no match: EC2 chooses the pools with the most capacity",
}


def node_groups(fields: Fields, *, public: bool) -> dict[str, Any]:
    """Return the groups, including the platform's."""
    if "instance_type" in fields.data:
        own = {key: fields.take(key) for key in _OF_A_GROUP}
        groups = [Fields({"name": "nodes", **own}, fields.path, fields.notes)]
    else:
        groups = list(fields.each("node_groups"))
    found = {str(group.take("name")): _group(group, public=public) for group in groups}
    fields.note("node_groups", "system is new, for the platform: in the place of Cortex's own three nodes")
    return {
        "system": _SYSTEM,
        **{f"{name}-nodes" if name == "system" else name: g for name, g in found.items()},
    }


def _group(group: Fields, *, public: bool) -> dict[str, Any]:
    spot = group.below("spot_config")
    types = [str(group.take("instance_type")), *map(str, sequence(spot.take("instance_distribution")))]
    spot.unmatched(_SPOT)
    spot.rest()
    found = {
        "instance_types": _alike(group, list(dict.fromkeys(types))),
        **given(
            min_instances=group.take("min_instances"),
            max_instances=group.take("max_instances"),
            priority=group.take("priority"),
            spot=group.take("spot") or None,
            disk=_disk(group),
            subnets="public" if public else None,
        ),
    }
    group.rest()
    return found


def _alike(group: Fields, types: list[str]) -> list[str]:
    """Return the types without those larger than the first: a pod that fits on one node must fit on each."""
    kept: list[str] = []
    for name in types:
        try:
            NodeGroup(instance_types=[types[0], name])
        except ValidationError as error:
            if name != types[0] and "alike" in {one["type"] for one in error.errors()}:
                group.note(
                    "spot_config", f"{name} is not like {types[0]}: left out (make it a group of its own)"
                )
                continue
        kept.append(name)
    return kept


def _disk(group: Fields) -> dict[str, Any]:
    kind = group.take("instance_volume_type")
    found = given(
        size=group.take("instance_volume_size"),
        iops=group.take("instance_volume_iops"),
        throughput=group.take("instance_volume_throughput"),
    )
    if kind in (None, "gp3", *_DISKS):
        return found | given(type=_DISKS.get(str(kind), kind))
    group.note("instance_volume_type", f"{kind} is gp3 here")
    return found
