"""Previews of a stack that stands, made from what the real engine wrote.

`recorded/created.json` is its preview of `dev` from nothing, on the doubles of AWS. In `recorded/edit-*.json`
are the steps of its previews of an edited `dev` that stood on those doubles. Where a cluster would be needed,
a step is edited here, in the engine's own shape.
"""

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from axon.report.preview import UNKNOWN, Preview, read_preview
from axon.report.report import Report, make_report

HERE = Path(__file__).parent
DEV = (HERE / "recorded/dev.yaml").read_text()
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SCALED_OBJECT = "kubernetes:keda.sh/v1alpha1:ScaledObject"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
IRIS = "iris-classifier"
IMAGE = "spec.template.spec.containers[0].image"
ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/axon-dev"
REPOSITORY = f"{ECR}/iris"


def recorded(name: str) -> dict[str, Any]:
    return json.loads((HERE / "recorded" / f"{name}.json").read_text())


class World:
    """The stack `dev` as it stands, its file, and what a preview would say once something is edited."""

    def __init__(self, stack: str = "dev", text: str = DEV) -> None:
        self.stack, self.before, self.settings = stack, text, yaml.safe_load(text)["config"]
        self._text: str | None = None
        registry = {"prod": ECR.replace("dev", "prod"), "local": "localhost:5000/axon"}.get(stack, ECR)
        written = json.loads(json.dumps(recorded("created")).replace(ECR, registry))
        self.steps = {step["urn"]: _standing(step) for step in written["steps"]}

    @property
    def models(self) -> dict[str, Any]:
        return self.settings["axon:models"]

    @property
    def groups(self) -> dict[str, Any]:
        return self.settings["axon:cluster"]["node_groups"]

    def find(self, kind: str, name: str) -> dict[str, Any]:
        return next(s for urn, s in self.steps.items() if urn.endswith(f"{kind}::{name}"))

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

    def delete(self, *names: str, under: str = "") -> None:
        """Delete the resources of these names, or all below one."""
        for step in self.steps.values():
            if step["urn"].rsplit("::", 1)[-1] in names or (under and f"${under}" in step["urn"]):
                step["op"] = "delete"
                del step["newState"]
                step["detailedDiff"] = None

    def create(self, like: str, name: str) -> None:
        """Add what one resource and all below it would be under another name."""
        for urn, step in list(self.steps.items()):
            if urn.rsplit("::", 1)[-1].split("-label")[0].split("-resources")[0] == like:
                fresh = json.loads(json.dumps(step["newState"]).replace(like, name))
                made = {"op": "create", "urn": fresh["urn"], "newState": fresh, "detailedDiff": None}
                fresh.pop("id", None)
                self.steps[fresh["urn"]] = made

    def add(self, beside: str, name: str, kind: str, spec: dict[str, Any]) -> None:
        """Add a resource of another kind beside one of the same name."""
        state = copy.deepcopy(self.find(beside, name)["newState"])
        urn = state["urn"].replace(beside, kind)
        state |= {"urn": urn, "type": kind, "inputs": {"spec": spec}}
        self.steps[urn] = {"op": "create", "urn": urn, "newState": state, "detailedDiff": None}

    def as_engine(self, name: str) -> None:
        """Take the steps that the engine itself wrote for an edit."""
        for step in recorded(f"edit-{name}")["steps"]:
            self.steps[step["urn"]] = step

    def as_new(self) -> None:
        """Let nothing of it stand yet."""
        self.before = ""
        self.steps = {step["urn"]: step for step in recorded("created")["steps"]}

    @property
    def after(self) -> str:
        return self._text or yaml.safe_dump({"config": self.settings}, sort_keys=False)

    def document(self) -> dict[str, Any]:
        return {"steps": list(self.steps.values())}

    def preview(self) -> Preview:
        return read_preview(self.document())

    def report(self) -> Report:
        return make_report(self.stack, "main", self.preview(), self.before, self.after)


def _standing(step: Mapping[str, Any]) -> dict[str, Any]:
    """Return the step of a resource that stays as it is."""
    state = _known(step["newState"])
    return {"op": "same", "urn": step["urn"], "oldState": copy.deepcopy(state), "newState": state}


def _known(value: Any, key: str = "") -> Any:
    """Put something in the place of what is known only after `up`."""
    if isinstance(value, dict):
        return {k: _known(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_known(item, key) for item in value]
    return ("models" if key == "namespace" else "computed") if value == UNKNOWN else value


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


def of(stack: str) -> World:
    """Return another stack of the same program: `prod`, or `local`, which has nothing on AWS."""
    world = World(stack, (HERE / f"recorded/{stack}.yaml").read_text())
    low, high = (2, 20) if stack == "prod" else (1, 100)
    for step in world.steps.values():
        if SCALED_OBJECT in step["urn"]:
            for state in ("oldState", "newState"):
                step[state]["inputs"]["spec"] |= {"minReplicaCount": low, "maxReplicaCount": high}
    if stack == "local":
        on_aws = ("aws:", "EksCluster", "eks:", "AwsPlatform")
        world.steps = {u: s for u, s in world.steps.items() if not any(part in u for part in on_aws)}
    return world
