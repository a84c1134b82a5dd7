"""`egress` of a model: networks that its replicas may connect to."""

from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator

from stacks.settings.networks import is_everything, network

NONE, ALL = "none", "all"


def _network(value: object) -> str:
    found = network(value, hint=" (names cannot be told apart: give addresses)")
    if is_everything(found):
        raise ValueError(f'"{value}" is everything (write `egress: all`)')
    return found


def _egress(value: object) -> object:
    """Read `none` and `all` as lists too: an empty one, and one for everything."""
    if isinstance(value, list):
        entries = cast(list[Any], value)
        return [ALL] if entries == [ALL] else [_network(entry) for entry in entries]
    if value in (NONE, ALL):
        return [ALL] if value == ALL else []
    raise ValueError(f'"{value}" is neither none, nor all, nor a list of networks (try [10.1.0.0/16])')


Egress = Annotated[
    list[str], BeforeValidator(_egress, json_schema_input_type=Literal["none", "all"] | list[str])
]
