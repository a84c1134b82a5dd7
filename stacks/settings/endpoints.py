"""Assignment of gateway paths to models and splitters."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from stacks.settings.errors import Path, Problem

_KINDS = ("models", "traffic_splitters")


@dataclass(frozen=True)
class _Claim:
    """A model or a splitter, with its path and its host names."""

    at: Path
    owner: str
    endpoint: str
    hosts: frozenset[str]

    def meets(self, other: "_Claim") -> bool:
        """Return True if one request could match both; a route with host names precedes one without."""
        return bool(self.hosts & other.hosts) or not (self.hosts or other.hosts)


def shared_endpoints(raw: Mapping[str, Any]) -> list[Problem]:
    """Return the models and splitters whose path equals another's, or lies below or above it.

    The gateway matches paths by prefix, so `/a` also serves `/a/b`, until another route claims `/a/b`. This
    check reads the plain data, so that it reports even if something else is invalid.
    """
    by_path: dict[str, list[_Claim]] = defaultdict(list)
    beneath: dict[str, list[_Claim]] = defaultdict(list)
    found: list[Problem] = []
    for claim in _claims(raw):
        above = list(_ancestors(claim.endpoint))
        earlier = [
            *by_path[claim.endpoint],
            *(one for path in above for one in by_path[path]),
            *beneath[claim.endpoint],
        ]
        other = next((one for one in earlier if claim.meets(one)), None)
        if other:
            found.append(Problem(claim.at, _message(claim.endpoint, other)))
        by_path[claim.endpoint].append(claim)
        for path in above:
            beneath[path].append(claim)
    return found


def _message(endpoint: str, other: _Claim) -> str:
    if endpoint == other.endpoint:
        return f'"{endpoint}" is the endpoint of {other.owner} already'
    relation = "beneath" if len(endpoint) > len(other.endpoint) else "above"
    return (
        f'"{endpoint}" is {relation} "{other.endpoint}", the endpoint of {other.owner}: '
        "each would get requests that are meant for the other (give one another path)"
    )


def _ancestors(endpoint: str) -> Iterator[str]:
    """Yield every path above a path: `/a` and `/a/b` for `/a/b/c`."""
    parts = endpoint.split("/")
    for length in range(2, len(parts)):
        yield "/".join(parts[:length])


def _claims(raw: Mapping[str, Any]) -> Iterator[_Claim]:
    for kind in _KINDS:
        for name, entry in _mapping(raw.get(kind)).items():
            networking = _mapping(_mapping(entry).get("networking"))
            hosts = networking.get("hostnames")
            named = (
                frozenset(map(str, cast(list[Any], hosts))) if isinstance(hosts, list) else frozenset[str]()
            )
            called = _mapping(entry).get("moved_from") or name
            endpoint = str(networking.get("endpoint") or f"/{called}")
            yield _Claim((kind, name, "networking", "endpoint"), name, endpoint, named)


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}
