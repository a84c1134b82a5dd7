"""Which nodes the replicas of a model run on."""

from dataclasses import dataclass

import pulumi_kubernetes as k8s

from stacks.settings.aws.checks import tolerated_taints
from stacks.settings.aws.eks import EksCluster
from stacks.settings.model import Model


@dataclass(frozen=True)
class Scheduling:
    """The part of a pod's spec that leads it to nodes."""

    tolerations: list[k8s.core.v1.TolerationArgs]
    affinity: k8s.core.v1.AffinityArgs | None


def scheduling(model: Model, cluster: EksCluster | None) -> Scheduling:
    """Return where a model's replicas may and must run.

    Node groups stand in it only where the model names them: one that is added or removed else would
    roll out every model anew. What a replica asks for (a GPU) finds its nodes by itself.
    """
    keys = tolerated_taints(model.compute)
    for name in model.node_groups if cluster else ():
        keys |= {taint.key for taint in cluster.node_groups[name].all_taints} if cluster else set()
    tolerations = [k8s.core.v1.TolerationArgs(key=key, operator="Exists") for key in sorted(keys)]
    return Scheduling(tolerations, _only_on(model.node_groups) if model.node_groups else None)


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
