"""Descriptions of what changes about one node group."""

from collections.abc import Iterator, Sequence
from typing import Any

from axon.report.findings import Finding, Risk, Statement, finding_of, listed
from axon.report.preview import Change, value_at

COMPONENT = "axon:node_group:NodeGroup"
NODES = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_DISK = "blockDeviceMappings[0].ebs.volumeSize"
# The properties whose change replaces a node group, in the words of the stack file.
_CAUSES = {
    "amiType": "new AMI type",
    "subnetIds": "new subnets",
    "clusterName": "new cluster",
    "nodeGroupNamePrefix": "new name",
    "nodeRoleArn": "new node role",
    "launchTemplate": "new launch template",
}
_CAPACITY = {"SPOT": "spot", "ON_DEMAND": "on-demand"}
# The properties whose change makes EKS replace the nodes of a group that stays.
_ROLLING = ("version", "releaseVersion", "launchTemplate")


def describe_node_group(name: str, changes: Sequence[Change]) -> Finding | None:
    """Return the finding of a node group's resources; None if nothing differs."""
    return finding_of("node group", name, _statements(changes))


def _statements(changes: Sequence[Change]) -> Iterator[Statement]:
    nodes = next((change for change in changes if change.type == NODES), None)
    if nodes is None or nodes.op == "same":
        return
    if nodes.op == "create":
        yield Statement(f"new, {_summary(nodes.new)}")
    elif nodes.op == "delete":
        text = "removed: its nodes are drained and its pods move to other groups"
        yield Statement(text, Risk.DISRUPTIVE)
    elif nodes.op == "replace":
        yield Statement(f"{_cause(nodes)}: node group is replaced, its pods move", Risk.DISRUPTIVE)
    else:
        yield from _update(nodes, changes)


def _summary(inputs: Any) -> str:
    spot = " on spot" if inputs.get("capacityType") == "SPOT" else ""
    return f"{_size(inputs)} of {listed(inputs.get('instanceTypes', []))}{spot}"


def _size(inputs: Any) -> str:
    low, high = _bounds(inputs)
    return f"{low} to {high} nodes"


def _cause(nodes: Change) -> str:
    causes: dict[str, None] = {}
    for part in nodes.differences:
        if not part.replaces:
            continue
        key = part.path.split("[")[0].split(".")[0]
        before, after = nodes.old.get(key), nodes.new.get(key)
        if key == "instanceTypes":
            causes[f"instance type {listed(before)} → {listed(after)}"] = None
        elif key == "capacityType":
            causes[f"{_CAPACITY.get(str(before), before)} → {_CAPACITY.get(str(after), after)}"] = None
        else:
            causes[_CAUSES.get(key, f"new {key}")] = None
    if _CAUSES["clusterName"] in causes:
        return _CAUSES["clusterName"]  # the rest follows from it
    return ", ".join(causes) or "change that cannot be made in place"


def _update(nodes: Change, changes: Sequence[Change]) -> Iterator[Statement]:
    paths = [part.path for part in nodes.differences]
    if any(path.startswith("scalingConfig") for path in paths) and _size(nodes.old) != _size(nodes.new):
        yield Statement(f"{_size(nodes.old)} → {_size(nodes.new)}, no node is replaced")
        yield from _rejections(nodes)
    if any(path.startswith(_ROLLING) for path in paths):
        text = f"{_rollout_cause(nodes, changes)}: nodes are drained and replaced in batches"
        yield Statement(text, Risk.ROLLING)
    for key in ("labels", "taints"):
        if any(path.startswith(key) for path in paths):
            yield Statement(f"{key} change, no node is replaced")
    if any(path.startswith("updateConfig") for path in paths):
        yield Statement("update batch size changes")


def _rejections(nodes: Change) -> Iterator[Statement]:
    """Yield the sizes at which AWS rejects new bounds: the autoscaler's desired size must be within them."""
    (low, high), (old_low, old_high) = _bounds(nodes.new), _bounds(nodes.old)
    where = "(docs/aws.md, Nodes)"
    if low > old_low:
        running = f"while fewer than {low} nodes are running"
        yield Statement(f"AWS rejects this {running}: raise the desired size first {where}")
    if high < old_high:
        running = f"while more than {high} nodes are running"
        yield Statement(f"AWS rejects this {running}: lower the desired size first {where}")


def _bounds(inputs: Any) -> tuple[int, int]:
    return value_at(inputs, "scalingConfig.minSize") or 0, value_at(inputs, "scalingConfig.maxSize") or 0


def _rollout_cause(nodes: Change, changes: Sequence[Change]) -> str:
    causes: list[str] = []
    for key, noun in (("version", "Kubernetes"), ("releaseVersion", "AMI release")):
        before, after = nodes.old.get(key), nodes.new.get(key)
        if before != after:
            causes.append(f"{noun} {before or 'unpinned'} → {after or 'unpinned'}")
    template = next((c for c in changes if c.type == TEMPLATE and c.op == "update"), None)
    if template:
        before, after = value_at(template.old, _DISK), value_at(template.new, _DISK)
        causes.append(f"disk {before} → {after} GiB" if before != after else "new launch template")
    return ", ".join(causes) or "new launch template"
