"""Check that each model's replicas fit on the nodes of an existing cluster, before anything is changed.

On EKS the settings know the nodes from the instance types (stacks/settings/eks_checks.py).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from axon.kubectl import kubectl, words_for
from axon.steps import StepFailed
from stacks.settings import Model, Stack
from stacks.settings.cluster import ExistingCluster
from stacks.settings.eks_checks import tolerated_taints
from stacks.settings.units import quantity_value

_KEEPS_AWAY = ("NoSchedule", "NoExecute")
_DEVICES = {"gpu": "nvidia.com/gpu", "neuron": "aws.amazon.com/neuron"}


@dataclass(frozen=True)
class Node:
    """Capacity of a node for pods, and its taints."""

    name: str
    room: Mapping[str, Decimal]
    taints: frozenset[str]

    def lacks(self, model: Model) -> list[str]:
        """Return the reasons why no replica of a model can run here, even with nothing else on the node."""
        missing = [f"taint {key}" for key in sorted(self.taints - tolerated_taints(model.compute))]
        for resource, wanted in _asked(model).items():
            has = self.room.get(resource, Decimal(0))
            if wanted > has:
                missing.append(f"{_shown(resource, has)} {resource}")
        return missing

    def holds(self, model: Model) -> int:
        """Return the number of replicas of a model that can run here, with nothing else on the node."""
        if self.lacks(model):
            return 0
        return min(int(self.room[resource] / wanted) for resource, wanted in _asked(model).items())


def check_fit(stack: Stack, nodes: list[Node] | None = None) -> None:
    """Check the models of a stack against the nodes of its cluster.

    Raises:
        StepFailed: with a table of the nodes, and the resources that each lacks.
    """
    if not isinstance(stack.cluster, ExistingCluster) or stack.cluster.grows:
        return
    nodes = _nodes(stack.cluster) if nodes is None else nodes
    if found := [text for name, model in stack.models.items() for text in _misfit(name, model, nodes)]:
        raise StepFailed("\n".join([*found, _HINT]))


_HINT = "Ask for less, or add a node; where nodes come by themselves, set `axon:cluster.grows: true`."


def _misfit(name: str, model: Model, nodes: list[Node]) -> Iterator[str]:
    if model.paused:
        return
    if any(not node.lacks(model) for node in nodes):
        yield from _no_room_to_update(name, model, sum(node.holds(model) for node in nodes))
        return
    asked = ", ".join(f"{_shown(resource, wanted)} {resource}" for resource, wanted in _asked(model).items())
    yield f"axon:models.{name}.compute: {asked} fit on no node:"
    width = max((len(node.name) for node in nodes), default=0)
    for node in nodes:
        yield f"    {node.name:{width}}  has {', '.join(node.lacks(model))}"


def _no_room_to_update(name: str, model: Model, room: int) -> Iterator[str]:
    """Yield a problem if the update strategy could never finish a rollout."""
    fewest = max(1, model.replicas[0])
    at_once = model.update_strategy.at_once(fewest)
    holding = f"and all nodes together hold {room}"
    if fewest > room:
        yield f"axon:models.{name}.autoscaling.min_replicas: {fewest} are wanted, {holding}"
    elif at_once > room:
        yield (
            f"axon:models.{name}.update_strategy.max_surge: an update of {fewest} would have {at_once} "
            f"replicas at once, {holding} (max_surge: 0 and max_unavailable: 1 ends the old one first)"
        )


def _asked(model: Model) -> dict[str, Decimal]:
    compute = model.pod_compute
    devices = {kind: Decimal(getattr(compute, key)) for key, kind in _DEVICES.items()}
    asked = {"cpu": quantity_value(compute.cpu), "memory": quantity_value(compute.mem), **devices}
    return {resource: amount for resource, amount in asked.items() if amount}


def _shown(resource: str, amount: Decimal) -> str:
    return f"{amount / 2**30:.1f}Gi" if resource == "memory" else f"{amount.normalize():f}"


def _nodes(cluster: ExistingCluster) -> list[Node]:
    items = json.loads(kubectl(None, "get", "nodes", "-o", "json", *words_for(cluster)))["items"]
    return [node_of(item) for item in items if not item["spec"].get("unschedulable")]


def node_of(item: Mapping[str, Any]) -> Node:
    """Return the capacity of a Node of the API."""
    taints = [taint["key"] for taint in item["spec"].get("taints", []) if taint["effect"] in _KEEPS_AWAY]
    room = {key: quantity_value(value) for key, value in item["status"]["allocatable"].items()}
    return Node(item["metadata"]["name"], room, frozenset(taints))
