"""The gateway's reasons for rejecting routes and policies."""

from collections.abc import Iterator
from typing import Any

ROUTING = (
    "httproutes.gateway.networking.k8s.io",
    "backendtrafficpolicies.gateway.envoyproxy.io",
    "securitypolicies.gateway.envoyproxy.io",
)


def refusals_of(thing: dict[str, Any]) -> Iterator[str]:
    """Yield the gateway's reasons why a route or a policy is not in force."""
    status = thing.get("status", {})
    # The status of a route lists parents, that of a policy ancestors.
    for above in [*status.get("parents", []), *status.get("ancestors", [])]:
        for condition in above["conditions"]:
            if condition["type"] in ("Accepted", "ResolvedRefs") and condition["status"] == "False":
                yield f"{thing['kind']}: {condition['message']}"
