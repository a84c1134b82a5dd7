"""Which path of the gateway is whose."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from stacks.settings.errors import Path, Problem

_KINDS = ("models", "traffic_splitters")
Claim = tuple[str, frozenset[str]]


def shared_endpoints(raw: Mapping[str, Any]) -> list[Problem]:
    """Return the models and splitters that would answer at another's path, for a host that both answer for.

    It reads the plain data, so that it speaks even while something else is wrong.
    """
    taken: dict[str, list[Claim]] = {}
    found: list[Problem] = []
    for path, name, endpoint, hosts in _claims(raw):
        earlier = next((owner for owner, others in taken.get(endpoint, []) if _meet(hosts, others)), None)
        if earlier:
            found.append(Problem(path, f'"{endpoint}" is the endpoint of {earlier} already'))
        taken.setdefault(endpoint, []).append((name, hosts))
    return found


def _claims(raw: Mapping[str, Any]) -> Iterator[tuple[Path, str, str, frozenset[str]]]:
    for kind in _KINDS:
        for name, entry in _mapping(raw.get(kind)).items():
            networking = _mapping(_mapping(entry).get("networking"))
            hosts = networking.get("hostnames")
            named = (
                frozenset(map(str, cast(list[Any], hosts))) if isinstance(hosts, list) else frozenset[str]()
            )
            called = _mapping(entry).get("moved_from") or name
            endpoint = str(networking.get("endpoint") or f"/{called}")
            yield (kind, name, "networking", "endpoint"), name, endpoint, named


def _meet(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two claims are for the same hosts: a route of named hosts goes before one of any."""
    return bool(one & other) or not (one or other)


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}
