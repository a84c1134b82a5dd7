"""Which path of the gateway belongs to which model or splitter."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from stacks.settings.errors import Path, Problem

_KINDS = ("models", "traffic_splitters")


@dataclass(frozen=True)
class _Claim:
    """A model or a splitter, the path that it answers at, and the host names that it answers for."""

    at: Path
    owner: str
    endpoint: str
    hosts: frozenset[str]

    def meets(self, other: "_Claim") -> bool:
        """Return whether one request could be for both: a route of named hosts goes before one of any."""
        return bool(self.hosts & other.hosts) or not (self.hosts or other.hosts)


def shared_endpoints(raw: Mapping[str, Any]) -> list[Problem]:
    """Return the models and splitters whose path is another's, or lies beneath or above another's.

    The gateway matches paths by prefix, so `/a` answers `/a/b` too, until somebody else takes `/a/b`.
    It reads the plain data, so that it speaks even while something else is wrong.
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
    """Yield every path that has this one beneath it: `/a` and `/a/b` for `/a/b/c`."""
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
