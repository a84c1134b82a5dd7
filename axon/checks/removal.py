"""Removal check: lists what `make down` would remove, and rejects it if the stack is protected or other
stacks need it.

The engine does reject protected resources too, but late: it deletes what depends on a protected cluster
first, and with that every model and every node.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from axon.checks.obstacles import obstacles
from axon.engine import export
from axon.kubectl import kubectl, words_for
from axon.state import resources as of_state
from axon.steps import StepFailed, console
from stacks.settings import Stack
from stacks.settings.aws.eks import EksCluster
from stacks.settings.project import PROJECT

_MODEL, _NAMESPACE = "axon:model_api:ModelApi", "kubernetes:core/v1:Namespace"
_PLATFORM = "axon:platform:Gateway"  # only where the stack installs it
_CLUSTER = "axon:cluster:EksCluster"


def check_removable(stack: Stack, name: str, project: Path = PROJECT, *, confirmed: str = "") -> None:
    """Print the resources that removing a stack removes.

    Raises:
        StepFailed: if the stack's file or state protects it, if something on AWS would stop the removal in
            the middle, or if `confirmed` must be the stack's name; with the steps to take.
    """
    if isinstance(stack.cluster, EksCluster) and stack.cluster.protected:
        raise StepFailed(
            f"{name} is protected, and nothing was removed. If you mean it: set `protected: false` in "
            f"stacks/Pulumi.{name}.yaml, `axon up --stack {name}`, then "
            f"`axon down --stack {name} --confirm {name}`"
        )
    resources = list(of_state(export(name, project)))
    if protected := [resource["urn"] for resource in resources if resource.get("protect")]:
        names = ", ".join(urn.rsplit("::", 1)[-1] for urn in protected[:5])
        raise StepFailed(
            f"{name} still protects {names}, and nothing was removed. Its file no longer does: "
            f"`axon up --stack {name}` first"
        )
    if isinstance(stack.cluster, EksCluster) and (found := list(obstacles(stack.cluster, resources))):
        lines = "\n".join(f"    {line}" for line in found)
        raise StepFailed(f"{name} would be removed in part, and nothing was removed:\n{lines}")
    console.print(f"{name}: {removed(resources)}")
    reason = _why_confirmed(stack, name, resources)
    if reason and confirmed != name:
        raise StepFailed(
            f"nothing was removed: {reason}. If you mean it: `axon down --stack {name} --confirm {name}`"
        )


def removed(resources: Sequence[Mapping[str, Any]]) -> str:
    """Return in words what removing the resources of a state removes."""
    models, namespaces = _named(resources, _MODEL), _named(resources, _NAMESPACE)
    parts = [
        f"{len(models)} model{'s' * (len(models) != 1)} ({', '.join(models)})" if models else "",
        "the platform (gateway, metrics, autoscaling)" if _named(resources, _PLATFORM) else "",
        f"the namespace{'s' * (len(namespaces) != 1)} {', '.join(namespaces)}" if namespaces else "",
        "the cluster, with its nodes, network and stores" if _named(resources, _CLUSTER) else "",
    ]
    said = "; ".join(part for part in parts if part)
    return f"removes {said} ({len(resources)} objects)" if said else "there is nothing to remove"


def _why_confirmed(stack: Stack, name: str, resources: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the reason why a removal affects more than the stack's own models, if it does."""
    if _named(resources, _CLUSTER):
        return "the stack has a cluster on AWS, and all that is on it goes with it"
    if not _named(resources, _PLATFORM) or isinstance(stack.cluster, EksCluster):
        return None
    guests = _guests(name, words_for(stack.cluster))
    if not guests:
        return None
    return f"its platform serves {', '.join(guests)} too, which would answer no more"


def _guests(name: str, where: Sequence[str]) -> list[str]:
    """Return the other stacks that have models on the cluster."""
    chosen = f"axon.dev/stack,axon.dev/stack!={name}"
    try:
        found = json.loads(kubectl(None, "get", "deployments", "-A", "-l", chosen, "-o", "json", *where))
    except StepFailed:  # a cluster that does not answer has no other stack to protect
        return []
    return sorted({item["metadata"]["labels"]["axon.dev/stack"] for item in found["items"]})


def _named(resources: Sequence[Mapping[str, Any]], kind: str) -> list[str]:
    """Return the names of the resources of a kind, on the cluster or in the program."""
    found = [resource for resource in resources if resource.get("type") == kind]
    names = [one.get("outputs", {}).get("metadata", {}).get("name") for one in found]
    return sorted(name or one["urn"].rsplit("::", 1)[-1] for name, one in zip(names, found, strict=True))
