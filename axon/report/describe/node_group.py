"""What changes about one node group, in plain words."""

from collections.abc import Iterator, Sequence
from typing import Any

from axon.report.findings import Finding, Risk, Said, listed
from axon.report.preview import Change, value_at

COMPONENT = "axon:node_group:NodeGroup"
NODES = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_DISK = "blockDeviceMappings[0].ebs.volumeSize"
# What a replacement is caused by, as the stack file calls it.
_CAUSES = {
    "amiType": "another image",
    "subnetIds": "other zones",
    "clusterName": "another cluster",
    "nodeGroupNamePrefix": "another name",
    "nodeRoleArn": "another role",
    "launchTemplate": "another launch template",
}


def describe_node_group(name: str, changes: Sequence[Change]) -> Finding | None:
    """Return what a node group's resources come to; None where nothing differs."""
    said = list(_said(changes))
    if not said:
        return None
    text = "; ".join(dict.fromkeys(part.text for part in said))
    return Finding("node group", name, text, max(part.risk for part in said))


def _said(changes: Sequence[Change]) -> Iterator[Said]:
    nodes = next((change for change in changes if change.type == NODES), None)
    if nodes is None or nodes.op == "same":
        return
    if nodes.op == "create":
        yield Said(f"new, {_what(nodes.new)}")
    elif nodes.op == "delete":
        yield Said("removed: its nodes are drained, its pods move to other groups", Risk.DISRUPTIVE)
    elif nodes.op == "replace":
        yield Said(f"{_cause(nodes)} → REPLACEMENT, its pods move", Risk.DISRUPTIVE)
    else:
        yield from _update(nodes, changes)


def _what(inputs: Any) -> str:
    spot = " on spot" if inputs.get("capacityType") == "SPOT" else ""
    return f"{_size(inputs)} of {listed(inputs.get('instanceTypes', []))}{spot}"


def _size(inputs: Any) -> str:
    low, high = _bounds(inputs)
    return f"{low} to {high} nodes"


def _cause(nodes: Change) -> str:
    causes: dict[str, None] = {}
    for part in nodes.differences:
        key = part.path.split("[")[0].split(".")[0]
        if not part.replaces:
            continue
        before, after = nodes.old.get(key), nodes.new.get(key)
        if key == "instanceTypes":
            causes[f"instance type {listed(before)} becomes {listed(after)}"] = None
        elif key == "capacityType":
            words = {"SPOT": "spot", "ON_DEMAND": "on-demand"}
            causes[f"{words.get(str(before), before)} becomes {words.get(str(after), after)}"] = None
        else:
            causes[_CAUSES.get(key, f"another {key}")] = None
    if _CAUSES["clusterName"] in causes:
        return _CAUSES["clusterName"]  # the rest follows from it
    return ", ".join(causes) or "a property that cannot change in place differs"


def _update(nodes: Change, changes: Sequence[Change]) -> Iterator[Said]:
    paths = [part.path for part in nodes.differences]
    if any(path.startswith("scalingConfig") for path in paths) and _size(nodes.old) != _size(nodes.new):
        yield Said(f"{_size(nodes.old)} → {_size(nodes.new)}, no node is replaced")
        yield from _refused(nodes)
    if any(path == "version" or path.startswith("launchTemplate") for path in paths):
        yield Said(
            f"{_rolled(nodes, changes)}, nodes are replaced in batches, each drained first", Risk.ROLLING
        )
    for key in ("labels", "taints"):
        if any(path.startswith(key) for path in paths):
            yield Said(f"{key} change, no node is replaced")
    if any(path.startswith("updateConfig") for path in paths):
        yield Said("how many nodes an update replaces at once changes")


def _refused(nodes: Change) -> Iterator[Said]:
    """Say when AWS takes no such size: the present one, which is the autoscaler's, has to be moved first."""
    (low, high), (old_low, old_high) = _bounds(nodes.new), _bounds(nodes.old)
    first = "then move the size first (docs/aws.md, Nodes)"
    if low > old_low:
        yield Said(f"AWS refuses it while fewer than {low} run: {first}")
    if high < old_high:
        yield Said(f"AWS refuses it while more than {high} run: {first}")


def _bounds(inputs: Any) -> tuple[int, int]:
    return value_at(inputs, "scalingConfig.minSize") or 0, value_at(inputs, "scalingConfig.maxSize") or 0


def _rolled(nodes: Change, changes: Sequence[Change]) -> str:
    reasons: list[str] = []
    if nodes.old.get("version") != nodes.new.get("version"):
        reasons.append(f"Kubernetes {nodes.old.get('version')} → {nodes.new.get('version')}")
    template = next((c for c in changes if c.type == TEMPLATE and c.op == "update"), None)
    if template:
        before, after = value_at(template.old, _DISK), value_at(template.new, _DISK)
        reasons.append(f"disk {before} → {after} GiB" if before != after else "new launch template")
    return ", ".join(reasons) or "new launch template"
