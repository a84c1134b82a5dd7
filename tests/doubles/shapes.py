"""The shape of every AWS resource, from the installed SDK: its properties and their types, at any depth."""

import enum
import functools
import hashlib
import importlib
import sys
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi import _types

from tests.doubles.wire import Properties, known

# what AWS makes beside a resource and only names in its outputs
_MINTED = {
    "SecurityGroupId": "sg",
    "RouteTableId": "rtb",
    "NetworkAclId": "acl",
    "NetworkInterfaceId": "eni",
    "VpcId": "vpc",
    "SubnetId": "subnet",
    "DhcpOptionsId": "dopt",
    "SecurityGroupRuleId": "sgr",
}


@functools.cache
def resource_class(token: str) -> type:
    """Return the SDK's class: `pulumi_aws.eks.NodeGroup` for `aws:eks/nodeGroup:NodeGroup`."""
    _, module, name = token.split(":")
    folder = module.split("/")[0]
    package = "pulumi_aws" if folder == "index" else f"pulumi_aws.{folder}"
    return getattr(importlib.import_module(package), name)


@functools.cache
def outputs_of(token: str) -> dict[str, Any]:
    return _types.resource_types(resource_class(token))


@functools.cache
def inputs_of(token: str) -> dict[str, Any]:
    """Return the types of the properties that a program may set."""
    made = resource_class(token)
    module = sys.modules[made.__module__]
    # the plain name belongs to another type where the SDK says InitArgs
    name = next(name for end in ("InitArgs", "Args") if hasattr(module, name := f"{made.__name__}{end}"))
    arguments = getattr(module, name)
    settable = _types.input_type_py_to_pulumi_names(arguments).values()
    return {name: outputs_of(token).get(name, Any) for name in settable}


@functools.cache
def fields_of(output: type) -> dict[str, Any]:
    return _types.output_type_types(output)


def misfits(token: str, properties: Properties) -> Iterator[tuple[str, str]]:
    """Yield the path and the reason of each property that the type does not have, or not so."""
    allowed = inputs_of(token)
    for name, value in properties.items():
        if name.startswith("__"):
            continue
        if name not in allowed:
            yield name, f"{token} has no property {name}"
        else:
            yield from _misfits(name, value, allowed[name])


def _misfits(path: str, value: Any, hint: Any) -> Iterator[tuple[str, str]]:
    hint = _types.unwrap_optional_type(hint)
    if not known(value) or hint is Any:
        return
    item = _items(hint)
    if _is_union(hint):
        tried = [list(_misfits(path, value, part)) for part in typing.get_args(hint)]
        yield from () if [] in tried else tried[0]
    elif _is_object(hint):
        yield from _object_misfits(path, value, hint)
    elif item and _is_list(hint):
        yield from _list_misfits(path, value, item)
    elif item:
        yield from _map_misfits(path, value, item)
    elif not _fits(value, hint):
        yield path, f"{path} must be {_word(hint)}, not {_word(type(value))}"


def _object_misfits(path: str, value: Any, hint: type) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, f"{path} must be an object, not {_word(type(value))}"
        return
    fields = fields_of(hint)
    for name, part in value.items():
        if name in fields:
            yield from _misfits(f"{path}.{name}", part, fields[name])
        else:
            yield f"{path}.{name}", f"{path} has no property {name}"


def _list_misfits(path: str, value: Any, item: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield path, f"{path} must be a list, not {_word(type(value))}"
        return
    for index, part in enumerate(value):
        yield from _misfits(f"{path}[{index}]", part, item)


def _map_misfits(path: str, value: Any, item: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, f"{path} must be a map, not {_word(type(value))}"
        return
    for key, part in value.items():
        yield from _misfits(f"{path}.{key}", part, item)


def _fits(value: Any, hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return isinstance(value, str | int)
    if hint in (int, float):
        wanted = int if hint is int else int | float
        return isinstance(value, wanted) and not isinstance(value, bool)
    return not isinstance(hint, type) or isinstance(value, hint)


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _is_object(hint: Any) -> bool:
    return isinstance(hint, type) and _types.is_output_type(hint)


def _is_list(hint: Any) -> bool:
    return typing.get_origin(hint) in (list, Sequence)


def _items(hint: Any) -> Any:
    """Return the type of a list's or a map's items."""
    if typing.get_origin(hint) in (list, dict, Sequence, Mapping):
        return typing.get_args(hint)[-1]
    return None


def _word(kind: Any) -> str:
    words = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
    return {**words, list: "a list", dict: "an object"}.get(kind, getattr(kind, "__name__", str(kind)))


def fake(hint: Any, name: str, seed: str) -> Any:
    """Return a value of the type, as AWS might compute it: the same one for the same seed."""
    hint = _types.unwrap_optional_type(hint)
    if hint is str:
        return _fake_text(name, seed)
    if hint in (int, float):
        return 0
    if hint is bool:
        return False
    if _is_object(hint):
        return {field: fake(kind, field, seed) for field, kind in fields_of(hint).items()}
    item = _items(hint)
    if item:
        return (
            [fake(item, name, seed)] if _is_list(hint) and _is_object(item) else [] if _is_list(hint) else {}
        )
    return None


def _fake_text(name: str, seed: str) -> str:
    for ending, prefix in _MINTED.items():
        if name.endswith(ending) or name == ending[0].lower() + ending[1:]:
            return f"{prefix}-{digest(f'{seed}{name}')}"
    return ""


def digest(seed: str, length: int = 17) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()[:length]
