"""Connections from the gateway to replicas, and slow start of new replicas."""

from typing import Any

from stacks.settings.networking import Networking
from stacks.settings.units import duration_seconds

# A connection without a request: the gateway closes it first, so that none is closed under a request.
# The runtime keeps one for longer, `REPLICA_IDLE_SECONDS`. Images of one's own: components/traffic_policy.py.
GATEWAY_IDLE_SECONDS = 60
REPLICA_IDLE_SECONDS = 75


def connections(networking: Networking, *, held: bool) -> dict[str, Any]:
    """Return a BackendTrafficPolicy's part on connections and on who of the replicas is asked.

    `held`: requests go to the Service's own address, so the gateway does not tell replicas apart.
    """
    spec: dict[str, Any] = {"timeout": {"http": {"connectionIdleTimeout": f"{GATEWAY_IDLE_SECONDS}s"}}}
    if not held and duration_seconds(networking.slow_start):
        # https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/slow_start
        # LeastRequest is the gateway's default; the policy knows slow start for it and RoundRobin alone.
        spec["loadBalancer"] = {"type": "LeastRequest", "slowStart": {"window": networking.slow_start}}
    return spec
