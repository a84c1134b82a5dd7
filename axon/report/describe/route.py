"""The way to a model or a splitter, in plain words: where it answers, whom, who shares its requests."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from axon.report.findings import Finding, Risk, Said, listed
from axon.report.preview import Change, value_at

SPLITTER = "axon:traffic_splitter:TrafficSplitter"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
WHO = "kubernetes:gateway.envoyproxy.io/v1alpha1:SecurityPolicy"
# It waits for the gateway's word on the policy, and changes nothing.
WAIT = f"{WHO}Patch"
HOW = "kubernetes:gateway.envoyproxy.io/v1alpha1:BackendTrafficPolicy"
# The claim on the route's path, which goes with it (components/claim.py).
CLAIM = "kubernetes:core/v1:NamespacePatch"
ROUTING = (ROUTE, WHO, WAIT, HOW, CLAIM)
# What a client needs from then on, and what it does not need any more.
_WHO = {
    "apiKeyAuth": "an API key",
    "jwt": "a token",
    "authorization": "an address of a network that is let in",
}
_LIMITS = {"rateLimit": "rate limit", "requestBuffer": "limit of bodies"}


def describe_splitter(name: str, changes: Sequence[Change]) -> Finding | None:
    """Return what changes about a splitter; None where nothing does."""
    component = next((change for change in changes if change.type == SPLITTER), None)
    route = next((change for change in changes if change.type == ROUTE), None)
    if component and component.op == "create":
        text = f"new, at {path_of(route.new)}: {_shares(route.new)}" if route else "new"
        return Finding("splitter", name, text, Risk.NONE)
    if component and component.op == "delete":
        where = (path_of(route.old) if route else None) or "its endpoint"
        return Finding("splitter", name, f"removed: {where} stops answering", Risk.DISRUPTIVE)
    said = list(said_of(changes))
    if not said:
        return None
    text = "; ".join(dict.fromkeys(part.text for part in said))
    return Finding("splitter", name, text, max(part.risk for part in said))


def said_of(changes: Sequence[Change]) -> Iterator[Said]:
    """Yield what is said of the routes and policies among changes."""
    for change in changes:
        if change.op == "same":
            continue
        if change.type == ROUTE:
            yield from _of_route(change)
        elif change.type == WHO:
            yield from _of_who(change)
        elif change.type == HOW:
            yield from _of_limits(change)


def path_of(properties: Any) -> str | None:
    """Return the path that a route leads from."""
    return value_at(properties, "spec.rules[0].matches[0].path.value")


def _of_route(change: Change) -> Iterator[Said]:
    before, after = path_of(change.old), path_of(change.new)
    if before and after and before != after:
        yield Said(f"answers at {after}, and {before} stops answering", Risk.DISRUPTIVE)
    elif change.op == "delete":
        yield Said(f"{before or 'its endpoint'} stops answering", Risk.DISRUPTIVE)
    elif change.op in ("update", "replace"):
        yield from _of_same_path(change)


def _of_same_path(change: Change) -> Iterator[Said]:
    hosts = _hosts(change.old), _hosts(change.new)
    shares = _shares(change.old), _shares(change.new)
    if hosts[0] != hosts[1]:
        yield Said(f"answers for {hosts[1]} alone, before for {hosts[0]}", Risk.DISRUPTIVE)
    if shares[0] != shares[1]:
        yield Said(f"requests {shares[0]} → {shares[1]}, at once")
    times = _time(change.old), _time(change.new)
    if times[0] != times[1]:
        yield Said(f"a request may take {times[0]} → {times[1]}")
    if all(before == after for before, after in (hosts, shares, times)):
        yield Said("its route changes")


def _hosts(properties: Any) -> str:
    return listed(list(value_at(properties, "spec.hostnames") or ["any host"]))


def _time(properties: Any) -> str:
    found = str(value_at(properties, "spec.rules[0].timeouts.request"))
    return "any time" if found == "0s" else found


def _shares(properties: Any) -> str:
    """Write who shares requests, who is sent copies, and whom testers reach."""
    rules: list[Mapping[str, Any]] = list(value_at(properties, "spec.rules") or [])
    if not rules:
        return "nobody"
    weights = [f"{one['name']} {one['weight']} %" for one in rules[0]["backendRefs"] if "weight" in one]
    copies = [
        f"copies to {filter['requestMirror']['backendRef']['name']}"
        for filter in rules[0].get("filters", ())
        if filter["type"] == "RequestMirror"
    ]
    testers = [f"testers to {rule['backendRefs'][0]['name']}" for rule in rules[1:]]
    return ", ".join([*weights, *copies, *testers])


def _of_who(change: Change) -> Iterator[Said]:
    before, after = (value_at(state, "spec") or {} for state in (change.old, change.new))
    if change.op == "delete":
        after = {}
    asked = [words for key, words in _WHO.items() if key in after and key not in before]
    free = [words for key, words in _WHO.items() if key in before and key not in after]
    if asked:
        yield Said(f"clients need {listed(asked)}", Risk.DISRUPTIVE)
    if free:
        yield Said(f"clients need {listed(free)} no more")
    if not asked and not free:
        yield Said("whom it lets in changes")


def _of_limits(change: Change) -> Iterator[Said]:
    before, after = (value_at(state, "spec") or {} for state in (change.old, change.new))
    changed = [words for key, words in _LIMITS.items() if before.get(key) != after.get(key)]
    if changed:
        yield Said(f"another {listed(changed)}", Risk.DISRUPTIVE)
    elif before.get("timeout") != after.get("timeout"):
        yield Said("how long nothing may be sent changes")
    elif change.op != "create":
        yield Said("how failed requests are tried again changes")
