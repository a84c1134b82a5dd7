"""Descriptions of what changes about routing: endpoints, traffic splits, access rules and limits."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from axon.report.findings import Finding, Risk, Statement, finding_of, listed
from axon.report.preview import Change, value_at

SPLITTER = "axon:traffic_splitter:TrafficSplitter"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
SECURITY_POLICY = "kubernetes:gateway.envoyproxy.io/v1alpha1:SecurityPolicy"
# It waits until the gateway has accepted the policy, and changes nothing.
SECURITY_POLICY_PATCH = f"{SECURITY_POLICY}Patch"
TRAFFIC_POLICY = "kubernetes:gateway.envoyproxy.io/v1alpha1:BackendTrafficPolicy"
# The claim on the route's path, which changes with the route (components/claim.py).
CLAIM = "kubernetes:core/v1:NamespacePatch"
ROUTE_TYPES = (ROUTE, SECURITY_POLICY, SECURITY_POLICY_PATCH, TRAFFIC_POLICY, CLAIM)
# The requirement that each kind of access rule puts on clients.
_REQUIREMENTS = {
    "apiKeyAuth": "an API key",
    "jwt": "a JWT",
    "authorization": "an allowed source address",
}
# With it the gateway holds requests until a replica is ready (components/traffic_policy.py).
_HELD = "responseOverride"


def describe_splitter(name: str, changes: Sequence[Change]) -> Finding | None:
    """Return the finding of a traffic splitter's resources; None if nothing differs."""
    component = next((change for change in changes if change.type == SPLITTER), None)
    route = next((change for change in changes if change.type == ROUTE), None)
    if component and component.op == "create":
        text = f"new, at {path_of(route.new)}: {_shares(route.new)}" if route else "new"
        return Finding("splitter", name, text, Risk.NONE)
    if component and component.op == "delete":
        path = (path_of(route.old) if route else None) or "its endpoint"
        return Finding("splitter", name, f"removed: {path} stops responding", Risk.DISRUPTIVE)
    return finding_of("splitter", name, routing_statements(changes))


def routing_statements(changes: Sequence[Change]) -> Iterator[Statement]:
    """Yield the statements about the routes and policies among changes."""
    describe = {ROUTE: _route, SECURITY_POLICY: _access, TRAFFIC_POLICY: _traffic}
    for kind, statements in describe.items():
        for change in changes:
            if change.type == kind and change.op != "same":
                yield from statements(change)


def path_of(properties: Any) -> str | None:
    """Return the path of a route."""
    return value_at(properties, "spec.rules[0].matches[0].path.value")


def _route(change: Change) -> Iterator[Statement]:
    before, after = path_of(change.old), path_of(change.new)
    if before and after and before != after:
        yield Statement(f"endpoint moves to {after}, {before} stops responding", Risk.DISRUPTIVE)
    elif change.op == "delete":
        yield Statement(f"{before or 'the endpoint'} stops responding", Risk.DISRUPTIVE)
    elif change.op in ("update", "replace"):
        yield from _same_path(change)


def _same_path(change: Change) -> Iterator[Statement]:
    hosts = _hosts(change.old), _hosts(change.new)
    shares = _shares(change.old), _shares(change.new)
    timeouts = _timeout(change.old), _timeout(change.new)
    if hosts[0] != hosts[1]:
        yield Statement(f"hostnames {hosts[0]} → {hosts[1]}", Risk.DISRUPTIVE)
    if shares[0] != shares[1]:
        yield Statement(f"traffic {shares[0]} → {shares[1]}, effective immediately")
    if timeouts[0] != timeouts[1]:
        yield Statement(f"request timeout {timeouts[0]} → {timeouts[1]}")
    if change.op == "replace":
        yield Statement("route is recreated, requests fail in the meantime", Risk.DISRUPTIVE)
    elif all(before == after for before, after in (hosts, shares, timeouts)):
        yield Statement("route changes")


def _hosts(properties: Any) -> str:
    return listed(list(value_at(properties, "spec.hostnames") or ["any"]))


def _timeout(properties: Any) -> str:
    timeout = str(value_at(properties, "spec.rules[0].timeouts.request"))
    return "none" if timeout == "0s" else timeout


def _shares(properties: Any) -> str:
    """Return the share of each backend, the backend of mirrored requests, and that of canary requests."""
    rules: list[Mapping[str, Any]] = list(value_at(properties, "spec.rules") or [])
    if not rules:
        return "no backend"
    weights = [f"{one['name']} {one['weight']} %" for one in rules[0]["backendRefs"] if "weight" in one]
    mirrored = [
        f"mirrored to {filter['requestMirror']['backendRef']['name']}"
        for filter in rules[0].get("filters", ())
        if filter["type"] == "RequestMirror"
    ]
    canary = [f"canary requests to {rule['backendRefs'][0]['name']}" for rule in rules[1:]]
    return ", ".join([*weights, *mirrored, *canary])


def _access(change: Change) -> Iterator[Statement]:
    before, after = _specs(change)
    added = [words for key, words in _REQUIREMENTS.items() if key in after and key not in before]
    dropped = [words for key, words in _REQUIREMENTS.items() if key in before and key not in after]
    if added:
        yield Statement(f"clients now need {listed(added)}", Risk.DISRUPTIVE)
    if dropped:
        yield Statement(f"clients no longer need {listed(dropped)}")
    if not added and not dropped:
        yield Statement("access rules change")


def _traffic(change: Change) -> Iterator[Statement]:
    before, after = _specs(change)
    limits = [f"{name} {old} → {new}" for name, old, new in _limits(before, after) if old != new]
    yield from (Statement(text, Risk.DISRUPTIVE) for text in limits)
    if change.op != "update":
        return
    if (_HELD in before) != (_HELD in after):
        holds = "are held until a replica is ready" if _HELD in after else "are no longer held for a replica"
        yield Statement(f"requests {holds}")
    elif before.get("retry") != after.get("retry"):
        yield Statement("retry policy changes")
    elif before.get("timeout") != after.get("timeout"):
        yield Statement("idle timeout changes")
    elif not limits:
        yield Statement("connection settings change")


def _limits(before: Any, after: Any) -> Iterator[tuple[str, str, str]]:
    yield "rate limit", _rate(before), _rate(after)
    yield "request body limit", _body(before), _body(after)


def _body(spec: Any) -> str:
    return str(value_at(spec, "requestBuffer.limit") or "none")


def _rate(spec: Any) -> str:
    limit = value_at(spec, "rateLimit.local.rules[0].limit")
    return f"{limit['requests']} per {limit['unit'].lower()}" if limit else "none"


def _specs(change: Change) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    after = {} if change.op == "delete" else value_at(change.new, "spec") or {}
    return value_at(change.old, "spec") or {}, after
