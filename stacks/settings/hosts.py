"""Whether the gateway has a listener for the host names that models and splitters answer for."""

from collections.abc import Iterator

from stacks.settings.aws.eks import EksCluster
from stacks.settings.errors import Problem
from stacks.settings.stack import Stack


def host_problems(stack: Stack) -> Iterator[Problem]:
    """Yield host names for which the gateway has no certificate, and so no listener."""
    served = _served(stack)
    if not served:
        return  # it ends no TLS, and takes any name
    for kind, entries in (("models", stack.models), ("traffic_splitters", stack.traffic_splitters)):
        for name, entry in entries.items():
            for index, hostname in enumerate(entry.networking.hostnames):
                if not any(_covers(pattern, hostname) for pattern in served):
                    message = f"{hostname} is not one of the gateway's names ({', '.join(served)})"
                    yield Problem((kind, name, "networking", "hostnames", index), message)


def _served(stack: Stack) -> list[str]:
    if not isinstance(stack.cluster, EksCluster):
        return stack.platform.gateway.tls.hostnames if stack.platform.gateway.tls else []
    balancer = stack.cluster.load_balancer
    ends_here = balancer.tls is not None and balancer.tls.cluster_issuer is not None
    return balancer.dns.hostnames if ends_here and balancer.dns else []


def _covers(pattern: str, hostname: str) -> bool:
    """Whether a listener's name is a route's, or one of either's wildcard."""
    if pattern == hostname:
        return True
    return any(
        wide.startswith("*.") and narrow.removeprefix("*").endswith(wide[1:])
        for wide, narrow in ((pattern, hostname), (hostname, pattern))
    )
