"""`egress` of a model: where its replicas may connect to."""

import ipaddress
from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator

NONE, ALL = "none", "all"


def _network(value: object) -> str:
    try:
        network = ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        raise ValueError(
            f'"{value}" is not a network such as 10.1.0.0/16 (names cannot be told apart: give addresses)'
        ) from None
    if "/" not in str(value):
        raise ValueError(f'"{value}" has no length (try {network})')
    if str(network) != value:
        raise ValueError(f'"{value}" is not the first address of its network (try {network})')
    if network.prefixlen == 0:
        raise ValueError(f'"{value}" is everything (write `egress: all`)')
    return str(network)


def _egress(value: object) -> object:
    """Read `none` and `all` as lists as well: of nothing, and of everything."""
    if isinstance(value, list):
        entries = cast(list[Any], value)
        return [ALL] if entries == [ALL] else [_network(entry) for entry in entries]
    if value in (NONE, ALL):
        return [ALL] if value == ALL else []
    raise ValueError(f'"{value}" is neither none, nor all, nor a list of networks (try [10.1.0.0/16])')


Egress = Annotated[
    list[str], BeforeValidator(_egress, json_schema_input_type=Literal["none", "all"] | list[str])
]
