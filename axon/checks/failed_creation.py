"""EKS resources whose creation failed: found before an update and marked for replacement.

A creation that fails after AWS has accepted it leaves a cluster, node group or add-on with the status
CREATE_FAILED. Pulumi has it in its state and a refresh finds no difference, so that the next update would
leave it unchanged. `pulumi state taint` marks a resource for replacement; a refresh keeps the mark.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axon.aws_cli import AwsError, ask_aws
from axon.engine import answer
from axon.state import StateError, resources
from stacks.settings import Stack
from stacks.settings.aws.eks import EksCluster
from stacks.settings.project import PROJECT

_AT_ONCE = 8


@dataclass(frozen=True)
class _Kind:
    """A type of EKS resource, and the AWS CLI command that describes one."""

    title: str
    operation: str
    options: tuple[str, ...]
    """Options whose values are the parts of the resource's ID, separated by colons."""
    member: str
    failed: str
    """The status after a failed creation (`status` of the EKS API's Cluster, Nodegroup and Addon)."""


KINDS = {
    "aws:eks/cluster:Cluster": _Kind("cluster", "describe-cluster", ("--name",), "cluster", "FAILED"),
    "aws:eks/nodeGroup:NodeGroup": _Kind(
        "node group",
        "describe-nodegroup",
        ("--cluster-name", "--nodegroup-name"),
        "nodegroup",
        "CREATE_FAILED",
    ),
    "aws:eks/addon:Addon": _Kind(
        "add-on", "describe-addon", ("--cluster-name", "--addon-name"), "addon", "CREATE_FAILED"
    ),
}


def replace_failed(stack: Stack, name: str, state: Mapping[str, Any], project: Path = PROJECT) -> list[str]:
    """Mark each resource of a stack that EKS failed to create; return a line per resource with the reason.

    `state` is the exported state.

    Raises:
        StateError: when the state cannot be changed, or a call of AWS fails.
    """
    if not isinstance(stack.cluster, EksCluster):
        return []
    region = stack.cluster.region
    known = [one for one in resources(state) if one["type"] in KINDS and one.get("id")]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        reasons = list(pool.map(lambda one: _why_failed(one, region), known))
    lines: list[str] = []
    for resource, reason in zip(known, reasons, strict=True):
        if reason is None:
            continue
        answer("state", "taint", resource["urn"], "--yes", stack=name, project=project)
        kind, own = KINDS[resource["type"]], resource["id"].rpartition(":")[2]
        lines.append(f"AWS failed to create the {kind.title} {own} ({reason}): it will be recreated")
    return lines


def _why_failed(resource: Mapping[str, Any], region: str) -> str | None:
    """Return the reason why EKS did not create a resource; None if it exists or is gone."""
    kind = KINDS[resource["type"]]
    values = resource["id"].split(":", len(kind.options) - 1)
    options = [word for pair in zip(kind.options, values, strict=True) for word in pair]
    try:
        one = ask_aws(region, "eks", kind.operation, *options).get(kind.member, {})
    except AwsError as error:
        if "ResourceNotFoundException" in error.said:
            return None
        raise StateError(str(error)) from None
    if one.get("status") != kind.failed:
        return None
    issues = [
        issue.get("message") or issue.get("code", "") for issue in one.get("health", {}).get("issues", [])
    ]
    return "; ".join(filter(None, issues)) or "no reason given"
