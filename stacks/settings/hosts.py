"""Checks of the host names of models and splitters against the gateway's."""

from collections.abc import Iterator

from stacks.settings.aws.eks import EksCluster
from stacks.settings.errors import Problem
from stacks.settings.stack import Stack


def host_problems(stack: Stack) -> Iterator[Problem]:
    """Yield host names for which the gateway has no certificate, and so no listener; and its own names.

    A gateway that does not terminate TLS accepts any name, and matches a request's name first: a model with
    the gateway's own name would hide all models without names from clients that use it.
    """
    served, own = _served(stack), _own(stack)
    for kind, entries in (("models", stack.models), ("traffic_splitters", stack.traffic_splitters)):
        for name, entry in entries.items():
            for index, hostname in enumerate(entry.networking.hostnames):
                message = _wrong(hostname, served, own)
                if message:
                    yield Problem((kind, name, "networking", "hostnames", index), message)


def _wrong(hostname: str, served: list[str], own: list[str]) -> str | None:
    if served and not any(_covers(pattern, hostname) for pattern in served):
        return f"{hostname} is not one of the gateway's names ({', '.join(served)})"
    if any(_covers(pattern, hostname) for pattern in own):
        return f"{hostname} is the gateway's own name, at which no other model would answer (leave it out)"
    return None


def _own(stack: Stack) -> list[str]:
    """Return the gateway's own names if its listener accepts any name."""
    if not isinstance(stack.cluster, EksCluster) or _served(stack):
        return []
    dns = stack.cluster.load_balancer.dns
    return dns.hostnames if dns else []


def _served(stack: Stack) -> list[str]:
    if not isinstance(stack.cluster, EksCluster):
        return stack.platform.gateway.tls.hostnames if stack.platform.gateway.tls else []
    balancer = stack.cluster.load_balancer
    ends_here = balancer.tls is not None and balancer.tls.cluster_issuer is not None
    return balancer.dns.hostnames if ends_here and balancer.dns else []


def _covers(pattern: str, hostname: str) -> bool:
    """Return True if a listener's name equals a route's, or one is covered by the other's wildcard."""
    if pattern == hostname:
        return True
    return any(
        wide.startswith("*.") and narrow.removeprefix("*").endswith(wide[1:])
        for wide, narrow in ((pattern, hostname), (hostname, pattern))
    )
