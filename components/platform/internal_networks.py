"""Networks that belong to the cluster and its surroundings, not to the internet."""

from ipaddress import IPv4Network

from components.kubernetes_cluster import OnAws
from stacks.settings.platform import Platform

# https://www.iana.org/assignments/iana-ipv4-special-registry : private networks, the shared address space of
# providers (used by EKS for pods), and IPv6 unique local addresses.
PRIVATE = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]


def internal_networks(settings: Platform, on_aws: OnAws | None) -> list[str]:
    """Return the networks of nodes, pods and Services: from the settings, otherwise the private ranges."""
    if settings.internal_networks is not None:
        return list(settings.internal_networks)
    if on_aws is None:
        return PRIVATE
    network = on_aws.settings.network
    vpc = network.existing.cidr if network.existing else network.cidr
    return [*PRIVATE, *(one for one in (vpc, network.service_cidr) if not _is_private(one))]


def _is_private(network: str) -> bool:
    found = IPv4Network(network)
    return any(found.subnet_of(IPv4Network(one)) for one in PRIVATE if ":" not in one)
