"""What the engine sends: structs as Python values, the mark of the unknown, tokens of resource types."""

from collections.abc import Iterator
from typing import Any

from google.protobuf import json_format, struct_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # the engine's mark of a value that is not known yet
_SIGNATURE = "4dabf18193072939515e22adb298388d"  # the key of secrets, outputs and resource references

Properties = dict[str, Any]


def known(value: Any) -> bool:
    return value is not None and value != UNKNOWN


def plain(struct: struct_pb2.Struct) -> Properties:
    """Return a struct as Python values, without the wrappers of secrets and outputs."""
    return _unwrapped(json_format.MessageToDict(struct))


def struct(properties: Properties) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    json_format.ParseDict(properties, made)
    return made


def _unwrapped(value: Any) -> Any:
    if isinstance(value, dict):
        if _SIGNATURE in value:
            return (
                _unwrapped(value["value"])
                if "value" in value
                else value.get("id") or value.get("urn", UNKNOWN)
            )
        return {key: _unwrapped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unwrapped(item) for item in value]
    # a struct knows no integers
    return int(value) if isinstance(value, float) and value.is_integer() else value


def token_of(urn: str) -> str:
    """Return `aws:ec2/vpc:Vpc` of a resource's URN."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    return urn.split("::", 3)[3]


def strings(value: Any, skipped: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield every known string in a value, except under the properties that are skipped."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in skipped:
                yield from strings(item, skipped)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item, skipped)
    elif isinstance(value, str) and value != UNKNOWN:
        yield value


def dig(properties: Properties, path: str) -> Any:
    """Return the known value at a dotted path, or nothing."""
    value: Any = properties
    for key in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value if known(value) else None


def rows(properties: Properties, path: str) -> list[Properties]:
    """Return the known objects of the list at a dotted path."""
    value = dig(properties, path)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def texts(properties: Properties, path: str) -> list[str]:
    """Return the known strings of the list at a dotted path."""
    value = dig(properties, path)
    return [row for row in value if isinstance(row, str) and known(row)] if isinstance(value, list) else []
