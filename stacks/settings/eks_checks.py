"""Consistency checks across an EKS cluster, its nodes and the models on them."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping

from stacks.settings.aws.access import MOST_PLACES
from stacks.settings.aws.eks import EksCluster
from stacks.settings.aws.node_group import NodeGroup
from stacks.settings.aws.place_checks import place_problems
from stacks.settings.compute import Compute
from stacks.settings.errors import Path, Problem, nearest
from stacks.settings.model import Model
from stacks.settings.units import quantity_value

_GIB = 2**30
_DEVICES = {"gpu": "NVIDIA GPUs (such as g5.xlarge)", "neuron": "Neuron devices (such as inf2.xlarge)"}


def aws_problems(cluster: EksCluster, models: Mapping[str, Model]) -> Iterator[Problem]:
    """Yield problems between the cluster, its node groups and the models."""
    yield from _elsewhere(cluster)
    yield from place_problems(cluster)
    yield from _unknown_zones(cluster)
    yield from _crowded_subnets(cluster)
    for name, model in models.items():
        path: Path = ("models", name)
        if len(model.access.read) > MOST_PLACES:
            places = f"{len(model.access.read)} places in S3 are more than a role's {MOST_PLACES}"
            yield Problem(
                (*path, "predictor"), f"{places}: give their folder in `aws.read`, with a slash last"
            )
        unknown = list(_unknown_groups(cluster, model, path))
        yield from unknown or _does_not_fit(cluster, model, path)


def eligible_groups(cluster: EksCluster, model: Model) -> dict[str, NodeGroup]:
    """Return the node groups whose taints a model tolerates."""
    if model.node_groups:
        return {name: cluster.node_groups[name] for name in model.node_groups}
    tolerated = tolerated_taints(model.compute)
    return {
        name: group
        for name, group in cluster.node_groups.items()
        if all(t.key in tolerated for t in group.all_taints if t.effect != "PreferNoSchedule")
    }


def tolerated_taints(compute: Compute) -> set[str]:
    """Return the taints that a model tolerates because of its devices."""
    asked = {"nvidia.com/gpu": compute.gpu, "aws.amazon.com/neuron": compute.neuron}
    return {key for key, count in asked.items() if count}


def replicas_per_node(group: NodeGroup, compute: Compute) -> int:
    """Return the number of replicas per node, less the kubelet's and the DaemonSets' shares."""
    facts = group.facts
    counts = [
        int(facts.allocatable_cpu / quantity_value(compute.cpu)),
        int(facts.allocatable_memory / quantity_value(compute.mem)),
        facts.pods,
    ]
    if compute.gpu:
        counts.append(facts.gpus // compute.gpu)
    if compute.neuron:
        counts.append(facts.neuron_devices // compute.neuron)
    return max(0, min(counts))


def _elsewhere(cluster: EksCluster) -> Iterator[Problem]:
    tls = cluster.load_balancer.tls
    if tls and tls.certificate_arn and f":acm:{cluster.region}:" not in tls.certificate_arn:
        path: Path = ("cluster", "load_balancer", "tls", "certificate_arn")
        yield Problem(path, f"is not a certificate of ACM in {cluster.region}")


def _unknown_zones(cluster: EksCluster) -> Iterator[Problem]:
    zones = cluster.network.zone_names(cluster.region)
    for index, zone in enumerate(cluster.network.control_plane_zones):
        if zone not in zones:
            place: Path = ("cluster", "network", "control_plane_zones", index)
            yield Problem(place, f'"{zone}" is not a zone of the network ({", ".join(zones)})')
    existing = cluster.network.existing
    for name, group in cluster.node_groups.items():
        path: Path = ("cluster", "node_groups", name)
        unknown = [zone for zone in group.zones if zone not in zones]
        if unknown:
            yield Problem(
                (*path, "zones"), f'"{unknown[0]}" is not a zone of the network ({", ".join(zones)})'
            )
        if group.subnets == "public" and existing and not existing.public_subnets:
            yield Problem((*path, "subnets"), "network.existing has no public_subnets")


def _crowded_subnets(cluster: EksCluster) -> Iterator[Problem]:
    """Compare the addresses that full node groups take with those of each zone's subnets."""
    zones = cluster.network.zone_names(cluster.region)
    for visibility in ("private", "public"):
        room = cluster.network.addresses(visibility)
        if room is None:
            continue
        needed: defaultdict[str, int] = defaultdict(int)
        for group in cluster.node_groups.values():
            if group.subnets == visibility:
                own = group.zones or zones
                for zone in own:
                    a_node = max(facts.subnet_addresses for facts in group.types)
                    needed[zone] += math.ceil(group.max_instances / len(own)) * a_node
        worst = max(needed, key=lambda zone: needed[zone], default=None)
        if worst and needed[worst] > room:
            yield Problem(
                ("cluster", "network", "cidr"),
                f'"{cluster.network.cidr}" gives a zone {room} addresses in its {visibility} subnet; with '
                f"all node groups at max_instances {worst} needs {needed[worst]}",
            )


def _unknown_groups(cluster: EksCluster, model: Model, path: Path) -> Iterator[Problem]:
    for index, group in enumerate(model.node_groups):
        if group not in cluster.node_groups:
            near = nearest(group, cluster.node_groups) or ", ".join(cluster.node_groups)
            yield Problem((*path, "node_groups", index), f'"{group}" is not a node group (try {near})')


def _does_not_fit(cluster: EksCluster, model: Model, path: Path) -> Iterator[Problem]:
    groups = eligible_groups(cluster, model)
    holding = {name: replicas_per_node(group, model.pod_compute) for name, group in groups.items()}
    if not any(holding.values()):
        yield _too_large(cluster, model, groups, path)
        return
    room = sum(count * groups[name].max_instances for name, count in holding.items())
    scaling = model.autoscaling
    for key, wanted in (("max_replicas", scaling.max_replicas), ("min_replicas", scaling.min_replicas)):
        # A default is never wrong: only a value in the stack file can be.
        if wanted > room and key in scaling.model_fields_set:
            names = ", ".join(f"{name} ({count} a node)" for name, count in holding.items() if count)
            message = f"{wanted} replicas do not fit: {names} at max_instances hold {room}"
            yield Problem((*path, "autoscaling", key), message)
            return
    yield from _no_room_to_update(model, room, holding, path)


def _no_room_to_update(model: Model, room: int, holding: Mapping[str, int], path: Path) -> Iterator[Problem]:
    """Yield a problem if the update strategy could never finish a rollout."""
    fewest = max(1, model.replicas[0])
    at_once = model.update_strategy.at_once(fewest)
    if at_once <= room:
        return
    names = ", ".join(name for name, count in holding.items() if count)
    yield Problem(
        (*path, "update_strategy", "max_surge"),
        f"an update of {fewest} would have {at_once} replicas at once, and {names} at max_instances "
        f"{'hold' if len(holding) > 1 else 'holds'} {room} (allow another node, or set max_surge: 0 and "
        "max_unavailable: 1)",
    )


def _too_large(cluster: EksCluster, model: Model, groups: Mapping[str, NodeGroup], path: Path) -> Problem:
    compute = model.pod_compute
    for key, wanted, what in (("gpu", compute.gpu, "gpus"), ("neuron", compute.neuron, "neuron_devices")):
        most = max((getattr(group.facts, what) for group in cluster.node_groups.values()), default=0)
        if wanted > most:
            place: Path = (*path, "compute", key)
            if not most:
                return Problem(place, f"no node group has {_DEVICES[key]}")
            return Problem(place, f"{wanted}: a node of any node group has {most} at most")
    if not groups:
        return Problem(path, "no node group takes it: all have taints (name one in node_groups)")
    offers = [
        f"{name}: {group.facts.allocatable_cpu:.2f} cpu, {group.facts.allocatable_memory / _GIB:.1f}Gi"
        + (f", {group.facts.gpus} gpu" if group.facts.gpus else "")
        for name, group in groups.items()
    ]
    asked = f"{compute.cpu} cpu and {compute.mem}" + (f" with {compute.gpu} gpu" if compute.gpu else "")
    return Problem((*path, "compute"), f"{asked} fit on no node ({'; '.join(offers)} allocatable)")
