"""Grouping of a preview's changes by model and by part of the cluster, one finding per group."""

from collections.abc import Mapping, Sequence

from axon.report.describe import model as models
from axon.report.describe import node_group as node_groups
from axon.report.describe import other as parts
from axon.report.describe import route as routes
from axon.report.findings import Finding, Risk, listed
from axon.report.preview import Change, Preview

Subject = tuple[str, str]
"""A kind (`model`, `splitter`, `node group`, or empty) and a name."""

_OF_CLUSTER = "cluster"


def findings_of(preview: Preview) -> list[Finding]:
    """Return a finding per model and per part of the cluster that changes, highest risk first."""
    grouped: dict[Subject, list[Change]] = {}
    parents = preview.parents
    for change in preview.changes:
        if not change.type.startswith("pulumi:"):
            grouped.setdefault(_subject(change.urn, parents), []).append(change)
    findings = [finding for subject, changes in grouped.items() if (finding := _describe(subject, changes))]
    return sorted(
        _with_one_platform(findings), key=lambda finding: (-finding.risk, _rank(finding), finding.name)
    )


def _rank(finding: Finding) -> int:
    return ("model", "splitter", "node group", "").index(finding.kind)


def _describe(subject: Subject, changes: Sequence[Change]) -> Finding | None:
    kind, name = subject
    if kind == "model":
        return models.describe_model(name, changes)
    if kind == "splitter":
        return routes.describe_splitter(name, changes)
    if kind == "node group":
        return node_groups.describe_node_group(name, changes)
    return parts.describe_part(name, changes)


def _subject(urn: str, parents: Mapping[str, str]) -> Subject:
    """Return the nearest parent that the report names."""
    while urn:
        _, _, types, name = urn.split("::", 3)
        kind = types.rsplit("$", 1)[-1]
        if kind == models.COMPONENT:
            return "model", name
        if kind == routes.SPLITTER:
            return "splitter", name
        if kind == node_groups.COMPONENT:
            return "node group", name
        if kind in parts.NAMES:
            return "", parts.NAMES[kind]
        urn = parents.get(urn, "")
    return "", _OF_CLUSTER


def _with_one_platform(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings with all new add-ons in one: in a new stack nobody needs a row per add-on."""
    new = [f for f in findings if f.name in parts.ADDONS and f.text == "new"]
    if len(new) < 2:
        return list(findings)
    names = sorted((f.name for f in new if f.name != "platform"), key=str.lower)
    platform = Finding("", "platform", f"new: {listed(names)}", Risk.NONE)
    return [f for f in findings if f not in new] + [platform]
