"""Inputs of a Pulumi resource as the parameters of a call: names and types of the provider become AWS'."""

import re
from typing import Any


def shaped(value: Any, shape: Any) -> Any:
    """Return a value as the shape spells it, as far as it can: what does not fit stays, for the check."""
    convert = _BY_TYPE.get(shape.type_name) if shape else None
    return convert(value, shape) if convert else value


def member_of(shape: Any, name: str) -> str:
    """Return the shape's name of a member that is spelt otherwise: `cidrBlock` is `CidrBlock`."""
    if name in shape.members:
        return name
    plain = {_plain(member): member for member in shape.members}
    for near in (_plain(name), _plain(name) + "s", _plain(name).removesuffix("s")):
        if near in plain:
            return plain[near]
    return name


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _structure(value: Any, shape: Any) -> Any:
    # A block that may stand once is a list of one in Terraform.
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        return value
    named = {member_of(shape, key): inner for key, inner in value.items() if inner is not None}
    return {key: shaped(inner, shape.members.get(key)) for key, inner in named.items()}


def _list(value: Any, shape: Any) -> Any:
    pair = sorted(getattr(shape.member, "members", ()))
    if isinstance(value, dict) and [name.lower().removeprefix("tag") for name in pair] == ["key", "value"]:
        return [dict(zip(pair, entry, strict=True)) for entry in value.items()]
    if isinstance(value, dict):
        value = [value]
    return [shaped(inner, shape.member) for inner in value] if isinstance(value, list) else value


def _map(value: Any, shape: Any) -> Any:
    return (
        {key: shaped(inner, shape.value) for key, inner in value.items()}
        if isinstance(value, dict)
        else value
    )


def _whole(value: Any, shape: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _string(value: Any, shape: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else value


def _boolean(value: Any, shape: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


_BY_TYPE = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "integer": _whole,
    "long": _whole,
    "string": _string,
    "boolean": _boolean,
}
