"""Scheduling of a model's replicas on nodes."""

from dataclasses import dataclass

import pulumi_kubernetes as k8s

from stacks.settings.aws.eks import EksCluster
from stacks.settings.eks_checks import tolerated_taints
from stacks.settings.model import Model

# Failure domains of replicas.
_SPREAD_OVER = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")


@dataclass(frozen=True)
class Scheduling:
    """The scheduling part of a pod's spec."""

    tolerations: list[k8s.core.v1.TolerationArgs]
    affinity: k8s.core.v1.AffinityArgs | None
    spread: list[k8s.core.v1.TopologySpreadConstraintArgs]


def scheduling(name: str, model: Model, cluster: EksCluster | None) -> Scheduling:
    """Return the node affinity, tolerations and spread of a model's replicas.

    Node groups appear only if the model names them: otherwise adding or removing a group would trigger a
    rollout of every model. Requests for devices (a GPU) select their nodes without a group.
    """
    keys = tolerated_taints(model.compute)
    for group in model.node_groups if cluster else ():
        keys |= {taint.key for taint in cluster.node_groups[group].all_taints} if cluster else set()
    tolerations = [k8s.core.v1.TolerationArgs(key=key, operator="Exists") for key in sorted(keys)]
    affinity = _only_on(model.node_groups) if model.node_groups else None
    return Scheduling(tolerations, affinity, [_over(key, name) for key in _SPREAD_OVER])


def _over(key: str, name: str) -> k8s.core.v1.TopologySpreadConstraintArgs:
    """Spread replicas as a preference: no replica waits for a zone without capacity."""
    return k8s.core.v1.TopologySpreadConstraintArgs(
        max_skew=1,
        topology_key=key,
        when_unsatisfiable="ScheduleAnyway",
        label_selector=k8s.meta.v1.LabelSelectorArgs(match_labels={"app.kubernetes.io/name": name}),
        # Replicas that a rollout is about to end do not count.
        match_label_keys=["pod-template-hash"],
    )


def _only_on(groups: list[str]) -> k8s.core.v1.AffinityArgs:
    expression = k8s.core.v1.NodeSelectorRequirementArgs(
        key="axon.dev/node-group", operator="In", values=groups
    )
    term = k8s.core.v1.NodeSelectorTermArgs(match_expressions=[expression])
    required = k8s.core.v1.NodeSelectorArgs(node_selector_terms=[term])
    return k8s.core.v1.AffinityArgs(
        node_affinity=k8s.core.v1.NodeAffinityArgs(
            required_during_scheduling_ignored_during_execution=required
        )
    )
