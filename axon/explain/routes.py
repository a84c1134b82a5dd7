"""What the gateway says of routes and policies that it does not take."""

from collections.abc import Iterator
from typing import Any

ROUTING = (
    "httproutes.gateway.networking.k8s.io",
    "backendtrafficpolicies.gateway.envoyproxy.io",
    "securitypolicies.gateway.envoyproxy.io",
)


def refusals_of(thing: dict[str, Any]) -> Iterator[str]:
    """Yield why a route or a policy is not in force, in the gateway's own words."""
    status = thing.get("status", {})
    # A route answers to parents, a policy to ancestors.
    for above in [*status.get("parents", []), *status.get("ancestors", [])]:
        for condition in above["conditions"]:
            if condition["type"] in ("Accepted", "ResolvedRefs") and condition["status"] == "False":
                yield f"{thing['kind']}: {condition['message']}"
