"""What changes about one model API, in plain words."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from axon.report.describe.route import ROUTE, ROUTING, path_of, said_of
from axon.report.findings import Finding, Risk, Said, listed
from axon.report.preview import Change, Difference, value_at
from stacks.settings.image_predictor import PROXY

COMPONENT = "axon:model_api:ModelApi"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SCALED_OBJECT = "kubernetes:keda.sh/v1alpha1:ScaledObject"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
_TEMPLATE = "spec.template"
_NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
# What the runtime is told by its environment (components/pod.py, components/model_source.py).
_VARIABLES = {
    "AXON_MODEL": "another model",
    "AXON_MODEL_SHA256": "another model",
    "AXON_MODELS": "other models",
    "AXON_CONFIG": "new config of the predictor",
}
# How KEDA is told, and what a plain autoscaler rests at (components/autoscaler.py, components/model_api.py).
_PAUSED = "autoscaling.keda.sh/paused-replicas"
# Where a difference of an autoscaler says nothing of when it scales.
_NOT_WHEN = ("metadata", "spec.minReplica", "spec.maxReplica", "spec.fallback")
_CONTAINER = "spec.template.spec.containers[0]"
# What a pod's change is called, by the part of its template that differs.
_PARTS = (
    (f"{_CONTAINER}.envFrom", "other credentials"),
    (f"{_CONTAINER}.env", "new settings of the server"),
    *((f"{_CONTAINER}.{probe}Probe", "other probes") for probe in ("startup", "readiness", "liveness")),
    (f"{_CONTAINER}.lifecycle", "another way to end"),
    ("spec.template.spec.terminationGracePeriodSeconds", "another time to end in"),
    ("spec.template.spec.imagePullSecrets", "other Secrets to pull images with"),
    ("spec.template.spec.initContainers", "other sidecars"),
    ("spec.template.spec.affinity", "other nodes"),
    ("spec.template.spec.tolerations", "other nodes"),
    ('spec.template.metadata.annotations["axon.dev/metrics', "metrics from another place"),
    ("spec.template.metadata.annotations", "another identity on AWS"),
)


def describe_model(name: str, changes: Sequence[Change]) -> Finding | None:
    """Return what a model's resources, those that stay included, come to; None where nothing differs."""
    component = next((change for change in changes if change.type == COMPONENT), None)
    if component and component.op == "create":
        return Finding("model", name, f"new, {_where(changes)}{_replicas(changes)}", Risk.NONE)
    if component and component.op == "delete":
        return Finding("model", name, f"removed: {_gone(changes)} stops answering", Risk.DESTRUCTIVE)
    said = list(_said(changes))
    if not said:
        return None
    text = "; ".join(dict.fromkeys(part.text for part in said))
    return Finding("model", name, text, max(part.risk for part in said))


def _said(changes: Sequence[Change]) -> Iterator[Said]:
    others: list[Change] = []
    for change in changes:
        if change.op == "same" or not change.custom:
            continue
        if change.type == DEPLOYMENT:
            yield from _of_deployment(change, changes)
        elif change.type in (SCALED_OBJECT, AUTOSCALER):
            yield from _of_autoscaler(change, changes)
        elif change.type not in ROUTING:
            others.append(change)
    yield from said_of(changes)
    yield from _of_others(others)


def _of_deployment(change: Change, changes: Sequence[Change]) -> Iterator[Said]:
    if change.op in ("replace", "delete"):
        yield Said("its replicas are deleted and made anew, requests fail meanwhile", Risk.DISRUPTIVE)
    elif change.op == "create":
        yield Said("its replicas are made again")
    elif _stopped(change.old) != _stopped(change.new):
        yield from _pause(_stopped(change.old), _stopped(change.new))
    elif rolls := [part for part in change.differences if part.path.startswith(_TEMPLATE)]:
        safe = _keeps_all(change) or _lowest(changes) > 1
        what = ", ".join(dict.fromkeys(_what(part, change) for part in rolls))
        end = "no downtime expected" if safe else "its only replica is missing meanwhile"
        text = f"{what}, rolling update of {_replicas(changes)}, {end}"
        yield Said(text, Risk.ROLLING if safe else Risk.DISRUPTIVE)
    else:
        yield Said("how its rollouts go changes, no replica is replaced")


def _what(part: Difference, change: Change) -> str:
    if part.path == f"{_CONTAINER}.image":
        return "new image"
    if part.path.startswith(f"{_CONTAINER}.resources"):
        kind = part.path.rsplit(".", 1)[-1].replace("nvidia.com/gpu", "gpus")
        return f"{kind} {_or_none(part.before)} → {_or_none(part.after)}"
    if _is_of_proxy(part, change):
        return "other limits of requests"
    if words := _VARIABLES.get(_variable(part, change)):
        return words
    if _variable(part, change) and not _variable(part, change).startswith("AXON_"):
        return "other environment variables"
    for start, words in _PARTS:
        if part.path.startswith(start):
            return words
    return "its pods change"


def _is_of_proxy(part: Difference, change: Change) -> bool:
    """Whether what differs is the proxy before an image (components/admission_sidecar.py)."""
    every = "spec.template.spec.initContainers"
    states = [value_at(state, f"{every}[0]") for state in (change.old, change.new)]
    return (part.path == every or part.path.startswith(f"{every}[0]")) and any(
        isinstance(one, dict) and one.get("name") == PROXY for one in states
    )


def _variable(part: Difference, change: Change) -> str:
    """Return the name of the variable that differs, if one does."""
    entry = re.match(re.escape(f"{_CONTAINER}.env") + r"\[\d+\]", part.path)
    found = entry and (value_at(change.new, entry[0]) or value_at(change.old, entry[0]))
    return str(found["name"]) if isinstance(found, dict) and "name" in found else ""


def _or_none(value: Any) -> str:
    return "none" if value is None else str(value)


def _of_autoscaler(change: Change, changes: Sequence[Change]) -> Iterator[Said]:
    if change.op == "update":
        before, after = _bounds(change.old), _bounds(change.new)
        yield from _pause(_told(change.old), _told(change.new))
        if before != after:
            sleeps = ", it sleeps while nobody asks" if after[0] == 0 != before[0] else ""
            yield Said(f"replicas {_range(before)} → {_range(after)}{sleeps}")
        if any(not part.path.startswith(_NOT_WHEN) for part in change.differences):
            yield Said("when it scales changes")
    elif change.op in ("create", "replace"):
        yield Said(f"its autoscaler is made anew: {_replicas(changes)}")


def _pause(before: bool, after: bool) -> Iterator[Said]:
    if after and not before:
        yield Said("paused: its replicas go, and its endpoint answers 503", Risk.DISRUPTIVE)
    elif before and not after:
        yield Said("no longer paused: its replicas come back")


def _told(scaled_object: Any) -> bool:
    return _PAUSED in ((scaled_object.get("metadata") or {}).get("annotations") or {})


def _stopped(deployment: Any) -> bool:
    return value_at(deployment, "spec.replicas") == 0


def _of_others(changes: Sequence[Change]) -> Iterator[Said]:
    if any(change.type.startswith(("aws:iam", "aws:eks")) for change in changes):
        yield Said("what it may do on AWS changes")
    if any(change.type == _NETWORK_POLICY for change in changes):
        yield Said("where it may connect to changes")
    rest = [c for c in changes if not c.type.startswith("aws:") and c.type != _NETWORK_POLICY]
    if rest := [change for change in rest if change.type != "kubernetes:core/v1:ServiceAccount"]:
        kinds = sorted({change.type.rsplit(":", 1)[-1] for change in rest})
        remade = any(change.op in ("replace", "delete") for change in rest)
        yield Said(f"its {listed(kinds)} changes", Risk.DISRUPTIVE if remade else Risk.NONE)


def _keeps_all(deployment: Change) -> bool:
    """Whether a rollout starts each new replica before it ends an old one."""
    return str(value_at(deployment.new, "spec.strategy.rollingUpdate.maxUnavailable")) in ("0", "0%", "None")


def _autoscaler(changes: Sequence[Change]) -> Change | None:
    found = [
        change for change in changes if change.type in (SCALED_OBJECT, AUTOSCALER) and change.op != "delete"
    ]
    return found[0] if found else None


def _bounds(properties: Any) -> tuple[int, int]:
    spec = properties.get("spec") or {}
    low = spec.get("minReplicaCount", spec.get("minReplicas", 1))
    return int(low), int(spec.get("maxReplicaCount", spec.get("maxReplicas", low)))


def _range(bounds: tuple[int, int]) -> str:
    low, high = bounds
    return str(low) if low == high else f"{low} to {high}"


def _lowest(changes: Sequence[Change]) -> int:
    autoscaler = _autoscaler(changes)
    return _bounds(autoscaler.planned)[0] if autoscaler else 1


def _replicas(changes: Sequence[Change]) -> str:
    autoscaler = _autoscaler(changes)
    bounds = _bounds(autoscaler.planned) if autoscaler else (1, 1)
    return f"{_range(bounds)} {'replica' if bounds == (1, 1) else 'replicas'}"


def _where(changes: Sequence[Change]) -> str:
    path = next((path_of(change.new) for change in changes if change.type == ROUTE), None)
    return f"at {path}, " if path else ""


def _gone(changes: Sequence[Change]) -> str:
    return next((path_of(change.old) for change in changes if change.type == ROUTE), None) or "its endpoint"
