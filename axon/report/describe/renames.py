"""A model under another key: the engine deletes one and makes another, and the reader should know that."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from axon.report.findings import Finding
from stacks.settings import Stack


def renames(before: Stack | None, after: Stack | None) -> dict[str, str]:
    """Return the models that went, by the name under which one with the same settings came."""
    if before is None or after is None:
        return {}
    came = {name: model for name, model in after.models.items() if name not in before.models}
    found: dict[str, str] = {}
    for name, model in before.models.items():
        same = next((other for other, settings in came.items() if settings == model), None)
        if name not in after.models and same:
            found[name] = same
            del came[same]
    return found


def with_renames(findings: Iterable[Finding], renamed: dict[str, str]) -> Iterator[Finding]:
    """Say of a model that went where it went."""
    for finding in findings:
        if finding.kind == "model" and finding.name in renamed:
            lost = finding.text.removeprefix("removed: ")
            new = renamed[finding.name]
            text = (
                f"renamed to {new}, so deleted and made anew: {lost} (`moved_from: {finding.name}` keeps it)"
            )
            yield replace(finding, text=text)
        else:
            yield finding
