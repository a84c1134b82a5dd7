"""What AWS' service models say of a call, from botocore.

botocore refuses unknown and missing members; enumerations, patterns, lengths and ranges are in its models as
well, and it sends what breaks them.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel

# What Python's expressions lack of Java's: the nearest, and wider where they differ.
_NEAREST = {
    r"\p{L}": r"\w",
    r"\p{Z}": r"\s",
    r"\p{N}": r"\d",
    r"\p{ASCII}": r"[\x00-\x7f]",
    r"[\w-_]": r"[\w-]",
    r"(?i).*<script>.*</script>.*": r"(?i:.*<script>.*</script>.*)",
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010FFFF",
}


@cache
def operation(service: str, name: str) -> OperationModel:
    """Return the model of an operation, such as `eks` and `CreateCluster`."""
    return _service(service).operation_model(name)


@cache
def _service(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)


def violations(service: str, name: str, params: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a call's parameters break of the operation's model, with the path of each."""
    yield from _violations("", dict(params), operation(service, name).input_shape)


def _violations(path: str, value: Any, shape: Any) -> Iterator[str]:
    check = _BY_TYPE.get(shape.type_name) if shape else None
    if check:
        yield from check(path, value, shape)


def _structure(path: str, value: Any, shape: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is not a structure"
        return
    yield from (f"{path}.{member} is required" for member in shape.required_members if member not in value)
    for member, inner in value.items():
        if member in shape.members:
            yield from _violations(f"{path}.{member}", inner, shape.members[member])
        else:
            yield f"{path}.{member}: no such member (of {', '.join(shape.members)})"


def _list(path: str, value: Any, shape: Any) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: {value!r} is not a list"
        return
    yield from _range(path, len(value), shape, "items")
    for index, inner in enumerate(value):
        yield from _violations(f"{path}[{index}]", inner, shape.member)


def _map(path: str, value: Any, shape: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is not a map"
        return
    yield from _range(path, len(value), shape, "entries")
    for key, inner in value.items():
        yield from _violations(f"{path}[{key!r}] (the key)", key, shape.key)
        yield from _violations(f"{path}[{key!r}]", inner, shape.value)


def _string(path: str, value: Any, shape: Any) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{path}: {value!r} is not a string"
        return
    yield from _range(path, len(value), shape, "characters")
    words = shape.metadata.get("enum")
    if words and value not in words:
        yield f"{path}: {value!r} is not one of {', '.join(words)}"
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield f"{path}: {value!r} does not match {pattern}"


def _whole(path: str, value: Any, shape: Any) -> Iterator[str]:
    if isinstance(value, int) and not isinstance(value, bool):
        yield from _range(path, value, shape, "")
    else:
        yield f"{path}: {value!r} is not a whole number"


def _number(path: str, value: Any, shape: Any) -> Iterator[str]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield from _range(path, value, shape, "")
    else:
        yield f"{path}: {value!r} is not a number"


def _boolean(path: str, value: Any, shape: Any) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{path}: {value!r} is not a boolean"


_BY_TYPE = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _whole,
    "long": _whole,
    "float": _number,
    "double": _number,
    "boolean": _boolean,
}


def _range(path: str, size: float, shape: Any, unit: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"{path}: {size} {unit} are fewer than {least}".replace("  ", " ")
    if most is not None and size > most:
        yield f"{path}: {size} {unit} are more than {most}".replace("  ", " ")


def _matches(pattern: str, text: str) -> bool:
    expression = _expression(pattern)
    # A pattern without anchors is the whole text's, as the services have it.
    anchored = pattern.startswith("^") or pattern.endswith("$")
    return bool(expression.search(text) if anchored else expression.fullmatch(text))


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    for java, python in _NEAREST.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)
