"""Cells of the configuration reference: type, default and allowed values of a setting."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic.fields import FieldInfo

from stacks.settings.base import Settings

Node = Mapping[str, Any]
_TYPES = {"object": "mapping", "array": "list"}
# Bounds of JSON Schema, and their unit.
_BOUNDS = {
    ("minimum", "maximum"): "",
    ("minLength", "maxLength"): " characters",
    ("minItems", "maxItems"): " entries",
    ("minProperties", "maxProperties"): " entries",
}
_OTHERS = {"exclusiveMinimum": "more than {}", "exclusiveMaximum": "less than {}", "pattern": "`{}`"}
_PARTS = {"items": "each: ", "additionalProperties": "each: ", "propertyNames": "keys: "}


def type_of(key: str, node: Node) -> str:
    """Return the type of a setting in words, such as `duration` or `list of strings`."""
    title = str(node.get("title", key))
    # A title that is not made of the key is that of a unit, such as `Duration`.
    if title not in (key, key.replace("_", " ").title()):
        return title
    options = [option for option in _options(node) if option.get("type") != "null"]
    if options != [node]:
        return " or ".join(dict.fromkeys(type_of("", option) for option in options))
    entry = node.get("items") or node.get("additionalProperties")
    if isinstance(entry, dict):
        return f"{_type(node)} of {_plural(type_of('', cast(Node, entry)))}"
    return _type(node)


def default_of(field: FieldInfo) -> str:
    """Return the default of a setting in the notation of a stack file."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, Settings):
        return "see below"
    if value is None:
        return "unset"
    return f"`{json.dumps(value).strip(chr(34))}`" if value or value in (0, False) else "empty"


def allowed_of(node: Node) -> str:
    """Return the allowed values of a setting, as far as its JSON Schema states them."""
    parts = dict.fromkeys(part for option in _options(node) for part in _allowed(option))
    return "; ".join(parts).replace("at least 1 entries", "at least 1 entry")


def _options(node: Node) -> list[Node]:
    return [*node.get("oneOf", []), *node.get("anyOf", [])] or [node]


def _type(node: Node) -> str:
    name = str(node.get("type", "object"))
    return _TYPES.get(name, name)


def _plural(name: str) -> str:
    return " or ".join(f"{word}s" for word in name.split(" or "))


def _allowed(node: Node) -> Iterator[str]:
    if values := node.get("enum", [node["const"]] if "const" in node else []):
        yield ", ".join(f"`{value}`" for value in values)
    yield from (words + unit for keys, unit in _BOUNDS.items() if (words := _bounds(node, *keys)))
    yield from (words.format(node[key]) for key, words in _OTHERS.items() if key in node)
    for key, prefix in _PARTS.items():
        if isinstance(entry := node.get(key), dict):
            yield from (prefix + part for part in _allowed(cast(Node, entry)))


def _bounds(node: Node, low: str, high: str) -> str:
    if low in node and high in node:
        return f"{node[low]} to {node[high]}"
    return f"at least {node[low]}" if low in node else f"at most {node[high]}" if high in node else ""
