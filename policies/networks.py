"""Checks of networks: what is open to the internet."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from policies.check import UNKNOWN, Context, Resource

CLUSTER = "aws:eks/cluster:Cluster"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SERVICE = "kubernetes:core/v1:Service"
OPENINGS = (
    INGRESS,
    "aws:ec2/securityGroup:",
    "aws:ec2/securityGroupRule:",
    "aws:ec2/defaultSecurityGroup:",
    "aws:ec2/managedPrefixList:",
    "aws:ec2/managedPrefixListEntry:",
    SERVICE,
)
# A company has at most a /8, or a /16 of IPv6: a wider network is the internet, or a part of it. So the
# internet cannot be written as two halves, in one resource or in two.
_WIDEST = {4: 8, 6: 16}
_MOST_ADDRESSES = 2**25
_IPV4_IN_IPV6 = ipaddress.IPv6Network("::ffff:0:0/96")
_WEB = (80, 443)


def _network(text: object) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        found = ipaddress.ip_network(str(text).strip(), strict=False)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Network) and found.subnet_of(_IPV4_IN_IPV6):
        return ipaddress.ip_network((int(found.network_address) & 0xFFFFFFFF, found.prefixlen - 96))
    return found


def is_internet(cidr: object) -> bool:
    """Whether a network is the internet or a part of it. An unreadable one counts as such."""
    if cidr == UNKNOWN:
        return False
    found = _network(cidr)
    if found is None:
        return True
    holds_ipv4 = isinstance(found, ipaddress.IPv6Network) and found.supernet_of(_IPV4_IN_IPV6)
    return holds_ipv4 or (not found.is_private and found.prefixlen < _WIDEST[found.version])


def are_internet(cidrs: Iterable[object]) -> bool:
    """Whether networks are, together, the internet or a part of it."""
    given = [cidr for cidr in cidrs if cidr != UNKNOWN]
    networks = [found for cidr in given if (found := _network(cidr)) and not found.is_private]
    together = sum(found.num_addresses for found in networks if found.version == 4)
    return any(is_internet(cidr) for cidr in given) or together > _MOST_ADDRESSES


def open_api(resource: Resource, _: Context) -> Iterator[str]:
    """Reject a Kubernetes API that is open to the internet."""
    if resource.op == "delete":
        return
    network: Mapping[str, Any] = resource.inputs.get("vpcConfig") or {}
    cidrs = network.get("publicAccessCidrs") or []
    if network.get("endpointPublicAccess") is not False and (not cidrs or are_internet(cidrs)):
        yield "opens the Kubernetes API to the internet"


def open_clients(resource: Resource, context: Context) -> Iterator[str]:
    """Reject ports that are open to the internet, except those of the gateway with TLS."""
    if resource.op == "delete":
        return
    if resource.type.startswith(SERVICE):
        yield from _service(resource)
        return
    for rule in _rules(resource):
        if are_internet(_sources(rule)) and not (context.tls and _is_web(rule)):
            port = rule.get("fromPort")
            ports = "all ports are" if port is None else f"port {port} is"
            why = "without TLS" if not context.tls else "and only 80 and 443 may be"
            yield f"{ports} open to the internet, {why}"


def _rules(resource: Resource) -> Sequence[Mapping[str, Any]]:
    inputs = resource.inputs
    if "securityGroupRule:" in resource.type:
        return [] if inputs.get("type") == "egress" else [inputs]
    if "ecurityGroup:" in resource.type:
        return inputs.get("ingress") or []
    return [inputs]


def _sources(rule: Mapping[str, Any]) -> list[object]:
    lists = [*(rule.get("cidrBlocks") or []), *(rule.get("ipv6CidrBlocks") or [])]
    entries = [entry.get("cidr") for entry in rule.get("entries") or []]
    single = [rule[key] for key in ("cidrIpv4", "cidrIpv6", "cidr") if rule.get(key)]
    return [*lists, *entries, *single]


def _is_web(rule: Mapping[str, Any]) -> bool:
    """Whether a rule opens port 80 or 443 and no other; a list of networks applies to all ports."""
    protocol = str(rule.get("ipProtocol", rule.get("protocol", "tcp"))).lower()
    return (
        protocol in ("tcp", "6") and rule.get("fromPort") == rule.get("toPort", rule.get("fromPort")) in _WEB
    )


def _service(resource: Resource) -> Iterator[str]:
    """Reject Services that clients can reach directly, without the gateway's keys, limits and TLS."""
    spec = resource.inputs.get("spec") or {}
    if resource.of_platform:
        return
    if spec.get("type") in ("LoadBalancer", "NodePort") or spec.get("externalIPs"):
        yield f"a Service of type {spec.get('type', 'ClusterIP')} lets clients bypass the gateway"
