"""The output of `pulumi preview --json` as types: one change per resource."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from policies.check import UNKNOWN as UNKNOWN

Op = Literal["same", "create", "update", "replace", "delete"]
Properties = Mapping[str, Any]

_OPS: Mapping[str, Op] = {
    "same": "same",
    "create": "create",
    "import": "create",
    "update": "update",
    "replace": "replace",
    "create-replacement": "replace",
    "import-replacement": "replace",
    "delete-replaced": "replace",
    "delete": "delete",
}
_STEP = re.compile(r'\["([^"]*)"\]|\[(\d+)\]|([^.\[\]]+)')


@dataclass(frozen=True)
class Difference:
    """One property of a resource, before and after."""

    path: str
    before: Any
    after: Any
    replaces: bool = False


@dataclass(frozen=True)
class Change:
    """The planned change of one resource."""

    op: Op
    urn: str
    parent: str = ""
    old: Properties = field(default_factory=dict)
    new: Properties = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    protected: bool = False
    component: bool = False
    """Whether it is a component, which only groups resources."""

    @property
    def type(self) -> str:
        """The type token, such as `aws:eks/nodeGroup:NodeGroup`."""
        return self.urn.split("::")[2].rsplit("$", 1)[-1]

    @property
    def name(self) -> str:
        """The name in the program."""
        return self.urn.split("::", 3)[3]

    @property
    def custom(self) -> bool:
        """Whether it exists outside of Pulumi: not a component, a provider or the stack."""
        return not self.component and not self.type.startswith("pulumi:")

    @property
    def planned(self) -> Properties:
        """The inputs after the change; empty for a deletion."""
        return {} if self.op == "delete" else self.new


@dataclass(frozen=True)
class Preview:
    """The result of one preview."""

    changes: tuple[Change, ...]
    errors: tuple[str, ...] = ()

    @property
    def changed(self) -> list[Change]:
        """The changes without the unchanged resources."""
        return [change for change in self.changes if change.op != "same"]

    @property
    def unchanged(self) -> int:
        """The number of unchanged resources."""
        return sum(change.custom for change in self.changes if change.op == "same")

    @property
    def parents(self) -> Mapping[str, str]:
        """The parent of each resource."""
        return {change.urn: change.parent for change in self.changes}


def read_preview(document: Mapping[str, Any]) -> Preview:
    """Return the preview in the engine's JSON; the several steps of a replacement are one change."""
    changes: dict[str, Change] = {}
    for step in document.get("steps", []):
        op = _OPS.get(step["op"])
        if op and (step["urn"] not in changes or op == "replace"):
            changes[step["urn"]] = _change(op, step)
    return Preview(tuple(changes.values()), tuple(_errors(document.get("diagnostics") or [])))


def _errors(diagnostics: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for diagnostic in diagnostics:
        if diagnostic.get("severity") == "error":
            yield str(diagnostic["message"]).strip()


def _change(op: Op, step: Mapping[str, Any]) -> Change:
    old, new = step.get("oldState") or {}, step.get("newState") or {}
    return Change(
        op=op,
        urn=step["urn"],
        parent=(new or old).get("parent", ""),
        old=old.get("inputs") or {},
        new=new.get("inputs") or {},
        differences=tuple(_differences(step, old, new)) if op in ("update", "replace") else (),
        protected=bool(old.get("protect")),
        component=not (new or old).get("custom", True),
    )


def _differences(step: Mapping[str, Any], old: Properties, new: Properties) -> Iterator[Difference]:
    detailed: Mapping[str, Any] = step.get("detailedDiff") or {}
    # A provider without detailed differences names the properties only.
    paths = detailed or {key: {} for key in step.get("diffReasons") or []}
    after = new.get("inputs") or {}
    for path, detail in sorted(paths.items()):
        before = value_at(old.get("inputs") or {}, path)
        if before is None and not detail.get("inputDiff", True):
            before = value_at(old.get("outputs") or {}, path)
        kind = detail.get("kind", "update")
        yield Difference(path, before, value_at(after, path), kind.endswith("-replace"))


def value_at(properties: Any, path: str) -> Any:
    """Return the value at a path such as `spec.containers[0].image`, or None."""
    for key, index, plain in _STEP.findall(path):
        if index and isinstance(properties, list):
            properties = properties[int(index)] if int(index) < len(properties) else None
        elif isinstance(properties, Mapping):
            properties = properties.get(key or plain or index)
        else:
            return None
    return properties
