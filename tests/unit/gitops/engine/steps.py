"""The steps of a preview, and the document that holds them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.unit.gitops.engine.differences import Difference, Differences
from tests.unit.gitops.engine.state import Resource


@dataclass(frozen=True)
class Step:
    """What would happen to one resource."""

    op: Literal["same", "create", "update", "replace", "delete"]
    old: Resource | None
    new: Resource | None
    found: Differences = field(default_factory=dict[str, Difference])
    reasons: tuple[str, ...] = ()
    """The properties that force a replacement."""

    @property
    def urn(self) -> str:
        """The resource's URN."""
        resource = self.new or self.old
        assert resource
        return resource.urn

    def document(self) -> dict[str, Any]:
        """Return it as the JSON of a preview has it."""
        made: dict[str, Any] = {"op": self.op, "urn": self.urn}
        if self.old:
            made["oldState"] = self.old.document()
        if self.new:
            made["newState"] = self.new.document()
        if self.op in ("update", "replace"):
            made["detailedDiff"] = {path: _detail(one) for path, one in self.found.items()} or None
            made["diffReasons"] = sorted({path.split(".")[0].split("[")[0] for path in self.found})
        if self.reasons:
            made["replaceReasons"] = list(self.reasons)
        return made


def _detail(found: Difference) -> dict[str, Any]:
    return {"kind": f"{found.kind}{'-replace' if found.replaces else ''}", "inputDiff": True}


def document_of(steps: Iterable[Step]) -> dict[str, Any]:
    """Return the document of a preview. The engine's order is that of registration, which varies; here it is
    that of URNs.
    """
    ordered = sorted(steps, key=lambda step: step.urn)
    errors = [{"severity": "error", "message": text} for step in ordered for text in _errors(step)]
    return {"steps": [step.document() for step in ordered], "diagnostics": errors}


def _errors(step: Step) -> Iterator[str]:
    """Yield what the engine says of a protected resource, in its own words.

    https://github.com/pulumi/pulumi/blob/v3.274.1/pkg/resource/deploy/step.go (deleteProtectedError) and
    step_generator.go beside it
    """
    how = "remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`"
    if step.op == "delete" and step.old and step.old.protect:
        yield (
            f'resource "{step.urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, '
            f"either {how}, or use the command:\n`pulumi state unprotect '{step.urn}'`"
        )
    if step.op == "replace" and step.old and step.new and step.old.protect and step.new.protect:
        yield (
            f'unable to replace resource "{step.urn}"\nas it is currently marked for protection. '
            f"To unprotect the resource, {how}"
        )
