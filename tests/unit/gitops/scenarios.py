"""A change of a stack: its file before and after, and the preview of the program between the two."""

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from axon.report.preview import Preview, read_preview
from axon.report.report import Report, make_report
from tests.unit.gitops.engine import deployed, previewed
from tests.unit.gitops.engine.run import Patch

FILES = Path(__file__).parent / "stacks"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SCALED_OBJECT = "kubernetes:keda.sh/v1alpha1:ScaledObject"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
IRIS = "iris-classifier"
DIGITS = "digits-classifier"
IMAGE = "spec.template.spec.containers[0].image"


class StackFile:
    """A stack file that a test edits."""

    def __init__(self, stack: str) -> None:
        self.config: dict[str, Any] = yaml.safe_load((FILES / f"{stack}.yaml").read_text())["config"]

    @property
    def models(self) -> dict[str, Any]:
        return self.config["axon:models"]

    @property
    def cluster(self) -> dict[str, Any]:
        return self.config["axon:cluster"]

    @property
    def groups(self) -> dict[str, Any]:
        return self.cluster["node_groups"]

    @property
    def text(self) -> str:
        return yaml.safe_dump({"config": self.config}, sort_keys=False)


@dataclass
class Edit:
    """An edit of a stack: its file as it is deployed and as a branch has it, and a change of the code."""

    stack: str
    before: StackFile = field(init=False)
    after: StackFile = field(init=False)
    patch: Patch | None = None
    is_new: bool = False
    """Whether nothing has been deployed yet."""

    def __post_init__(self) -> None:
        self.before, self.after = StackFile(self.stack), StackFile(self.stack)

    def both(self, change: Callable[[StackFile], None]) -> None:
        """Change the file on both sides."""
        change(self.before)
        change(self.after)

    def scenario(self) -> "Scenario":
        """Run the program before and after the edit."""
        before = "" if self.is_new else self.before.text
        state = deployed(self.stack, before) if before else {}
        document = previewed(self.stack, self.after.text, state, self.patch)
        return Scenario(self.stack, before, self.after.text, document)


@dataclass
class Scenario:
    """A stack file before and after, and a preview's document, whose steps a test may change."""

    stack: str
    before: str
    after: str
    document: dict[str, Any]

    def find(self, kind: str, name: str) -> dict[str, Any]:
        """Return the step of a resource."""
        return next(s for s in self.document["steps"] if s["urn"].endswith(f"{kind}::{name}"))

    def add(self, step: dict[str, Any]) -> None:
        self.document["steps"].append(step)

    def update(self, kind: str, name: str, changes: Mapping[str, Any], op: str = "update") -> None:
        """Give a resource other inputs, as a provider that reports paths does."""
        step = self.find(kind, name)
        new = copy.deepcopy(step["newState"])
        for path, value in changes.items():
            put(new["inputs"], path, value)
        suffix = "-replace" if op == "replace" else ""
        step |= {
            "op": op,
            "newState": new,
            "diffReasons": sorted({path.split(".")[0] for path in changes}),
            "detailedDiff": {p: {"kind": f"update{suffix}", "inputDiff": True} for p in changes},
        }

    def create_like(self, like: str, name: str) -> None:
        """Create what one model has once more, under another name."""
        for step in list(self.document["steps"]):
            if step["urn"].rsplit("::", 1)[-1] == like:
                fresh = json.loads(json.dumps(step["newState"]).replace(like, name))
                fresh.pop("id", None)
                self.add({"op": "create", "urn": fresh["urn"], "newState": fresh, "detailedDiff": None})

    def preview(self) -> Preview:
        return read_preview(self.document)

    def report(self) -> Report:
        return make_report(self.stack, "main", self.preview(), self.before, self.after)


def unchanged(stack: str = "dev") -> Scenario:
    """Return a preview in which nothing changes, for a test to put changes into."""
    return copy.deepcopy(_unchanged(stack))


@cache
def _unchanged(stack: str) -> Scenario:
    return Edit(stack).scenario()


def put(properties: dict[str, Any], path: str, value: Any) -> None:
    """Set what stands at a path; None removes it."""
    keys: list[str | int] = []
    for part in path.replace("]", "").split("."):
        name, *indices = part.split("[")
        keys += [name, *(int(index) for index in indices)]
    target: Any = properties
    for key in keys[:-1]:
        target = target[key] if isinstance(key, int) else target.setdefault(key, {})
    if value is None:
        target.pop(keys[-1], None)
    else:
        target[keys[-1]] = value
