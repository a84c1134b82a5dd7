"""IPv4 and IPv6 networks in a stack file."""

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field


def network(text: object, *, hint: str = "") -> str:
    """Return a network as it was written.

    Raises:
        ValueError: if the text is not a network, has no prefix length, or is not the network's first address.
    """
    try:
        found = ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        raise ValueError(f'"{text}" is not a network such as 10.1.0.0/16{hint}') from None
    if "/" not in str(text):
        raise ValueError(f'"{text}" has no length (try {found})')
    if str(found) != text:
        raise ValueError(f'"{text}" is not the first address of its network (try {found})')
    return str(found)


def is_everything(text: str) -> bool:
    """Return True if a network contains every address."""
    return ipaddress.ip_network(text).prefixlen == 0


Network = Annotated[str, AfterValidator(network), Field(title="network")]
