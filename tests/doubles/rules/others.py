"""What the other services refuse."""

import re
from collections.abc import Iterator

from tests.doubles.wire import Properties, dig, known

_DAYS = (0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545)
_MORE_DAYS = (731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


def log_group(properties: Properties) -> Iterator[tuple[str, str]]:
    days = properties.get("retentionInDays")
    if isinstance(days, int) and days not in (*_DAYS, *_MORE_DAYS):
        yield "retentionInDays", f"{days} is not one of {', '.join(map(str, (*_DAYS, *_MORE_DAYS)))}"


def key(properties: Properties) -> Iterator[tuple[str, str]]:
    yield from between("deletionWindowInDays", properties, 7, 30)


def load_balancer(properties: Properties) -> Iterator[tuple[str, str]]:
    if properties.get("loadBalancerType", "application") == "application":
        subnets = properties.get("subnets")
        if isinstance(subnets, list) and len(subnets) < 2:
            yield "subnets", "an application load balancer needs subnets in two zones"
    if not properties.get("subnets") and not properties.get("subnetMappings"):
        yield "subnets", "are missing"


def target_group(properties: Properties) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a target group."""
    if properties.get("targetType") != "lambda":
        for name in ("port", "protocol", "vpcId"):
            if not properties.get(name):
                yield name, "is missing"
    port = dig(properties, "healthCheck.port")
    if port is not None and not re.fullmatch(r"traffic-port|\d{1,5}", str(port)):
        yield "healthCheck.port", f"{port!r} is not a port or traffic-port"


def listener(properties: Properties) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a listener: a certificate goes with TLS, and only with it."""
    protocol = properties.get("protocol")
    if not known(protocol):
        return
    ciphers = protocol in ("HTTPS", "TLS")
    if ciphers and not properties.get("certificateArn"):
        yield "certificateArn", f"a listener of {protocol} needs a certificate"
    for name in ("certificateArn", "sslPolicy", "alpnPolicy"):
        if not ciphers and properties.get(name):
            yield name, f"a listener of {protocol} has none"


def between(name: str, properties: Properties, least: int, most: int) -> Iterator[tuple[str, str]]:
    value = properties.get(name)
    if isinstance(value, int) and not least <= value <= most:
        yield name, f"{value} is not between {least} and {most}"
