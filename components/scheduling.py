"""Which nodes the replicas of a model run on."""

from dataclasses import dataclass

import pulumi_kubernetes as k8s

from stacks.settings.aws.eks import EksCluster
from stacks.settings.eks_checks import tolerated_taints
from stacks.settings.model import Model

# What replicas are lost together with.
_SPREAD_OVER = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")


@dataclass(frozen=True)
class Scheduling:
    """The part of a pod's spec that leads it to nodes."""

    tolerations: list[k8s.core.v1.TolerationArgs]
    affinity: k8s.core.v1.AffinityArgs | None
    spread: list[k8s.core.v1.TopologySpreadConstraintArgs]


def scheduling(name: str, model: Model, cluster: EksCluster | None) -> Scheduling:
    """Return where a model's replicas may and must run.

    Node groups stand in it only where the model names them: one that is added or removed else would
    roll out every model anew. What a replica asks for (a GPU) finds its nodes by itself.
    """
    keys = tolerated_taints(model.compute)
    for group in model.node_groups if cluster else ():
        keys |= {taint.key for taint in cluster.node_groups[group].all_taints} if cluster else set()
    tolerations = [k8s.core.v1.TolerationArgs(key=key, operator="Exists") for key in sorted(keys)]
    affinity = _only_on(model.node_groups) if model.node_groups else None
    return Scheduling(tolerations, affinity, [_over(key, name) for key in _SPREAD_OVER])


def _over(key: str, name: str) -> k8s.core.v1.TopologySpreadConstraintArgs:
    """Spread replicas where there is a choice: none waits for a zone that has no room."""
    return k8s.core.v1.TopologySpreadConstraintArgs(
        max_skew=1,
        topology_key=key,
        when_unsatisfiable="ScheduleAnyway",
        label_selector=k8s.meta.v1.LabelSelectorArgs(match_labels={"app.kubernetes.io/name": name}),
        # The replicas that a rollout is about to end do not count.
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
