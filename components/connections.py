"""Connections from the gateway to replicas, and slow start of new replicas."""

from typing import Any

from stacks.settings.networking import Networking
from stacks.settings.units import duration_seconds

# Idle timeout of a connection: the gateway closes first, so that no connection is closed during a request.
# The runtime's timeout is longer, `REPLICA_IDLE_SECONDS`. Images of users: components/traffic_policy.py.
GATEWAY_IDLE_SECONDS = 60
REPLICA_IDLE_SECONDS = 75


def connections(networking: Networking, *, held: bool) -> dict[str, Any]:
    """Return the part of a BackendTrafficPolicy on connections and on load balancing between replicas.

    `held`: requests go to the Service's own address, so the gateway cannot distinguish replicas.
    """
    spec: dict[str, Any] = {"timeout": {"http": {"connectionIdleTimeout": f"{GATEWAY_IDLE_SECONDS}s"}}}
    if not held and duration_seconds(networking.slow_start):
        # https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/slow_start
        # LeastRequest is the gateway's default; the policy supports slow start only for LeastRequest and
        # RoundRobin.
        spec["loadBalancer"] = {"type": "LeastRequest", "slowStart": {"window": networking.slow_start}}
    return spec
