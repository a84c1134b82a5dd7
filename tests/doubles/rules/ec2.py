"""What EC2 refuses."""

import base64
import binascii
import ipaddress
from collections.abc import Iterator

from tests.doubles.wire import Properties, dig, known, rows

_TAGGED = {"instance", "volume", "network-interface", "spot-instances-request", "elastic-gpu"}


def network(properties: Properties) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the network of a VPC or a subnet."""
    text = properties.get("cidrBlock")
    if not known(text):
        return
    try:
        made = ipaddress.IPv4Network(str(text))
    except ValueError as error:
        yield "cidrBlock", f"InvalidParameterValue: {error}"
        return
    if made.prefixlen > 28:  # moto refuses what is wider than /16
        yield "cidrBlock", f"InvalidSubnet.Range: {text} is smaller than /28"


def launch_template(properties: Properties) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a launch template."""
    hops = dig(properties, "metadataOptions.httpPutResponseHopLimit")
    if isinstance(hops, int) and not 1 <= hops <= 64:
        yield "metadataOptions.httpPutResponseHopLimit", f"{hops} is not between 1 and 64"
    for index, mapping in enumerate(rows(properties, "blockDeviceMappings")):
        yield from _volume(f"blockDeviceMappings[{index}].ebs", mapping.get("ebs") or {})
    for index, row in enumerate(rows(properties, "tagSpecifications")):
        if known(row.get("resourceType")) and row["resourceType"] not in _TAGGED:
            yield (
                f"tagSpecifications[{index}].resourceType",
                f"{row['resourceType']!r} is not tagged at launch",
            )
    yield from _user_data(properties)


def _volume(path: str, volume: Properties) -> Iterator[tuple[str, str]]:
    kind = volume.get("volumeType")
    size = volume.get("volumeSize")
    if isinstance(size, int) and not 1 <= size <= 65536:
        yield f"{path}.volumeSize", f"{size} GiB is not between 1 and 65536"
    if volume.get("throughput") and known(kind) and kind != "gp3":
        yield f"{path}.throughput", "is a setting of gp3 volumes"


def _user_data(properties: Properties) -> Iterator[tuple[str, str]]:
    data = properties.get("userData")
    if not known(data):
        return
    try:
        content = base64.b64decode(str(data), validate=True)
    except binascii.Error:
        yield "userData", "is not base64"
        return
    if len(content) > 16384:
        yield "userData", f"{len(content)} bytes are more than 16384"


def security_group(properties: Properties) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a security group and with its rules inside."""
    for side in ("ingress", "egress"):
        for index, rule in enumerate(rows(properties, side)):
            yield from _rule(f"{side}[{index}]", rule, rule.get("protocol"))
            for cidr in rule.get("cidrBlocks") or []:
                yield from _rule_cidr(f"{side}[{index}].cidrBlocks", cidr)


def security_group_rule(properties: Properties) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a rule: its networks and ports, and that it has one source."""
    yield from _rule("", properties, properties.get("ipProtocol"))
    for name in ("cidrIpv4", "cidrIpv6"):
        if known(properties.get(name)):
            yield from _rule_cidr(name, properties[name])
    sources = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
    given = [name for name in sources if properties.get(name)]
    if len(given) != 1:
        yield given[-1] if given else "cidrIpv4", f"a rule has one of {', '.join(sources)}"


def _rule(path: str, rule: Properties, protocol: object) -> Iterator[tuple[str, str]]:
    dot = f"{path}." if path else ""
    for name in ("fromPort", "toPort"):
        port = rule.get(name)
        if isinstance(port, int) and not (
            0 <= port <= 65535 or (protocol in ("icmp", "icmpv6") and port == -1)
        ):
            yield f"{dot}{name}", f"{port} is not between 0 and 65535"
    low, high = rule.get("fromPort"), rule.get("toPort")
    if isinstance(low, int) and isinstance(high, int) and protocol in ("tcp", "udp") and low > high:
        yield f"{dot}fromPort", f"{low} is more than toPort {high}"


def _rule_cidr(path: str, cidr: object) -> Iterator[tuple[str, str]]:
    if not known(cidr):
        return
    try:
        ipaddress.ip_network(str(cidr))
    except ValueError as error:
        yield path, f"InvalidParameterValue: {error}"


def vpc_endpoint(properties: Properties) -> Iterator[tuple[str, str]]:
    kind = properties.get("vpcEndpointType", "Gateway")
    wrong = (
        ("subnetIds", "securityGroupIds", "privateDnsEnabled") if kind == "Gateway" else ("routeTableIds",)
    )
    for name in wrong:
        if properties.get(name):
            yield name, f"an endpoint of type {kind} has none"
