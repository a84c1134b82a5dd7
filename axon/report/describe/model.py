"""Descriptions of what changes about one model."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from axon.report.describe.route import ROUTE, ROUTE_TYPES, path_of, routing_statements
from axon.report.findings import Finding, Risk, Statement, finding_of, listed
from axon.report.preview import Change, Difference, value_at
from stacks.settings.image_predictor import PROXY

COMPONENT = "axon:model_api:ModelApi"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SCALED_OBJECT = "kubernetes:keda.sh/v1alpha1:ScaledObject"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
_TEMPLATE = "spec.template"
_NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
_SERVICE = "kubernetes:core/v1:Service"
_SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount"
# The runtime's variables (components/environment.py, components/model_source.py).
_VARIABLES = {
    "AXON_MODEL": "new model file",
    "AXON_MODEL_SHA256": "new model file",
    "AXON_MODELS": "new list of models",
    "AXON_CONFIG": "new predictor config",
}
# The annotation that pauses KEDA (components/autoscaler.py). With a plain autoscaler, the Deployment of a
# paused model has 0 replicas (components/model_api.py).
_PAUSED = "autoscaling.keda.sh/paused-replicas"
# Properties of an autoscaler that do not decide when it scales.
_NOT_TRIGGERS = ("metadata", "spec.minReplica", "spec.maxReplica", "spec.fallback")
_CONTAINER = "spec.template.spec.containers[0]"
_NEW_IMAGE, _UNSPECIFIC = "new image", "new pod template"
# The words for a change of a pod template, by the property that differs.
_TEMPLATE_CHANGES = (
    (f"{_CONTAINER}.envFrom", "new credentials"),
    (f"{_CONTAINER}.env", "new server settings"),
    *((f"{_CONTAINER}.{probe}Probe", "new probes") for probe in ("startup", "readiness", "liveness")),
    (f"{_CONTAINER}.lifecycle", "new shutdown hook"),
    ("spec.template.spec.terminationGracePeriodSeconds", "new termination grace period"),
    ("spec.template.spec.imagePullSecrets", "new image pull Secrets"),
    ("spec.template.spec.initContainers", "new sidecars"),
    ("spec.template.spec.affinity", "new node placement"),
    ("spec.template.spec.tolerations", "new node placement"),
    ('spec.template.metadata.annotations["axon.dev/metrics', "new metrics endpoint"),
    ("spec.template.metadata.annotations", "new AWS identity"),
)


def describe_model(name: str, changes: Sequence[Change]) -> Finding | None:
    """Return the finding of a model's resources, unchanged ones included; None if nothing differs."""
    component = next((change for change in changes if change.type == COMPONENT), None)
    if component and component.op == "create":
        return Finding("model", name, f"new, {_endpoint(changes)}{_replicas(changes)}", Risk.NONE)
    if component and component.op == "delete":
        text = f"removed: {_old_endpoint(changes)} stops responding"
        return Finding("model", name, text, Risk.DESTRUCTIVE)
    return finding_of("model", name, _statements(changes))


def _statements(changes: Sequence[Change]) -> Iterator[Statement]:
    changed = [change for change in changes if change.op != "same" and change.custom]
    for change in changed:
        if change.type == DEPLOYMENT:
            yield from _deployment(change, changes)
    for change in changed:
        if change.type in (SCALED_OBJECT, AUTOSCALER):
            yield from _scaling(change, changes)
    yield from routing_statements(changed)
    described = (DEPLOYMENT, SCALED_OBJECT, AUTOSCALER, *ROUTE_TYPES)
    yield from _others([change for change in changed if change.type not in described])


def _deployment(change: Change, changes: Sequence[Change]) -> Iterator[Statement]:
    if change.op in ("replace", "delete"):
        text = "replicas are deleted and recreated, requests fail in the meantime"
        yield Statement(text, Risk.DISRUPTIVE)
    elif change.op == "create":
        yield Statement("replicas are recreated")
    elif _rests(change.old) != _rests(change.new):
        yield from _pause(_rests(change.old), _rests(change.new))
    elif template := [part for part in change.differences if part.path.startswith(_TEMPLATE)]:
        yield _rollout(change, template, changes)
    else:
        yield Statement("rollout strategy changes, no replica is restarted")


def _rollout(change: Change, template: Sequence[Difference], changes: Sequence[Change]) -> Statement:
    what = ", ".join(_template_changes(template, change))
    end, risk = "no downtime expected", Risk.ROLLING
    if any(_moves_port(other) for other in changes):
        end, risk = (
            "requests fail until new replicas are ready: the Service port changes at once",
            Risk.DISRUPTIVE,
        )
    elif not _keeps_all(change) and _lowest(changes) <= 1:
        end, risk = "the only replica is down during the rollout", Risk.DISRUPTIVE
    return Statement(f"{what}: rolling update of {_replicas(changes)}, {end}", risk)


def _template_changes(template: Sequence[Difference], change: Change) -> list[str]:
    """Return the words for a new pod template, the image first."""
    changes = dict.fromkeys(_template_change(part, change) for part in template)
    specific = [words for words in changes if words != _UNSPECIFIC]
    return sorted(specific, key=lambda words: words != _NEW_IMAGE) or [_UNSPECIFIC]


def _template_change(part: Difference, change: Change) -> str:
    if part.path == f"{_CONTAINER}.image":
        return _NEW_IMAGE
    if part.path.startswith(f"{_CONTAINER}.resources"):
        resource = part.path.rsplit(".", 1)[-1].replace("nvidia.com/gpu", "gpus")
        return f"{resource} {_or_none(part.before)} → {_or_none(part.after)}"
    if _is_of_proxy(part, change):
        return "new request limits"
    name = _variable(part, change)
    if name in _VARIABLES:
        return _VARIABLES[name]
    if name and not name.startswith("AXON_"):
        return "new environment variables"
    words = (words for start, words in _TEMPLATE_CHANGES if part.path.startswith(start))
    return next(words, _UNSPECIFIC)


def _is_of_proxy(part: Difference, change: Change) -> bool:
    """Whether a difference is one of the proxy that limits an image's requests."""
    sidecars = "spec.template.spec.initContainers"
    states = [value_at(state, f"{sidecars}[0]") for state in (change.old, change.new)]
    return (part.path == sidecars or part.path.startswith(f"{sidecars}[0]")) and any(
        isinstance(container, dict) and container.get("name") == PROXY for container in states
    )


def _variable(part: Difference, change: Change) -> str:
    """Return the name of the environment variable that differs; empty if none does."""
    entry = re.match(re.escape(f"{_CONTAINER}.env") + r"\[\d+\]", part.path)
    variable = entry and (value_at(change.new, entry[0]) or value_at(change.old, entry[0]))
    return str(variable["name"]) if isinstance(variable, dict) and "name" in variable else ""


def _or_none(value: Any) -> str:
    return "none" if value is None else str(value)


def _scaling(change: Change, changes: Sequence[Change]) -> Iterator[Statement]:
    if change.op == "update":
        before, after = _bounds(change.old), _bounds(change.new)
        yield from _pause(_is_paused(change.old), _is_paused(change.new))
        if before != after:
            idle = ", scales to zero when idle" if after[0] == 0 != before[0] else ""
            yield Statement(f"replicas {_range(before)} → {_range(after)}{idle}")
        if any(not part.path.startswith(_NOT_TRIGGERS) for part in change.differences):
            yield Statement("scaling triggers change")
    elif change.op in ("create", "replace"):
        yield Statement(f"autoscaler is recreated ({_replicas(changes)})")


def _pause(before: bool, after: bool) -> Iterator[Statement]:
    if after and not before:
        text = "paused: all replicas are removed and the endpoint responds with 503"
        yield Statement(text, Risk.DISRUPTIVE)
    elif before and not after:
        yield Statement("resumed: replicas start again")


def _is_paused(scaled_object: Any) -> bool:
    return _PAUSED in ((scaled_object.get("metadata") or {}).get("annotations") or {})


def _rests(deployment: Any) -> bool:
    return value_at(deployment, "spec.replicas") == 0


def _others(changes: Sequence[Change]) -> Iterator[Statement]:
    if any(change.type.startswith(("aws:iam", "aws:eks")) for change in changes):
        yield Statement("AWS permissions change")
    if any(change.type == _NETWORK_POLICY for change in changes):
        yield Statement("network policy changes")
    described = (_NETWORK_POLICY, _SERVICE_ACCOUNT)
    rest = [c for c in changes if not c.type.startswith("aws:") and c.type not in described]
    if rest:
        kinds = sorted({change.type.rsplit(":", 1)[-1] for change in rest})
        recreated = any(change.op in ("replace", "delete") for change in rest)
        verb = "changes" if len(kinds) == 1 else "change"
        yield Statement(f"{listed(kinds)} {verb}", Risk.DISRUPTIVE if recreated else Risk.NONE)


def _moves_port(change: Change) -> bool:
    """Whether a Service sends requests to another port, which replicas of the old template do not have."""
    port = "spec.ports[0].targetPort"
    before, after = value_at(change.old, port), value_at(change.new, port)
    return change.type == _SERVICE and change.op == "update" and before != after


def _keeps_all(deployment: Change) -> bool:
    """Whether a rollout starts each new replica before it ends an old one."""
    return str(value_at(deployment.new, "spec.strategy.rollingUpdate.maxUnavailable")) in ("0", "0%", "None")


def _autoscaler(changes: Sequence[Change]) -> Change | None:
    kinds = (SCALED_OBJECT, AUTOSCALER)
    return next((change for change in changes if change.type in kinds and change.op != "delete"), None)


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


def _endpoint(changes: Sequence[Change]) -> str:
    path = next((path_of(change.new) for change in changes if change.type == ROUTE), None)
    return f"at {path}, " if path else ""


def _old_endpoint(changes: Sequence[Change]) -> str:
    path = next((path_of(change.old) for change in changes if change.type == ROUTE), None)
    return path or "its endpoint"
