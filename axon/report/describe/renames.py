"""Detection of renamed models: Pulumi deletes the old key and creates the new one."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from axon.report.findings import Finding
from stacks.settings import Stack


def renames(before: Stack | None, after: Stack | None) -> dict[str, str]:
    """Return the new key of each removed model whose settings an added model has."""
    if before is None or after is None:
        return {}
    added = {name: model for name, model in after.models.items() if name not in before.models}
    renamed: dict[str, str] = {}
    for name, model in before.models.items():
        same = next((other for other, settings in added.items() if settings == model), None)
        if name not in after.models and same:
            renamed[name] = same
            del added[same]
    return renamed


def with_renames(findings: Iterable[Finding], renamed: dict[str, str]) -> Iterator[Finding]:
    """Yield the findings, with the new key of each renamed model."""
    for finding in findings:
        if finding.kind == "model" and finding.name in renamed:
            loss = finding.text.removeprefix("removed: ")
            new = renamed[finding.name]
            text = f"renamed to {new}: deleted and recreated, {loss} (`moved_from: {finding.name}` keeps it)"
            yield replace(finding, text=text)
        else:
            yield finding
