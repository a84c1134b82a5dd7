"""The configuration reference, made from the settings: `python -m stacks.settings.reference` writes it."""

import json
from typing import Any

from stacks.settings.loading import STACKS
from stacks.settings.source import NAMESPACE
from stacks.settings.stack import Stack

FILE = STACKS.parent / "docs" / "configuration.md"
_HEAD = """\
# Configuration

The keys of a stack file, `stacks/Pulumi.<stack>.yaml`, below `config:`. This page is made from
`stacks/settings` (`make schema`). Quantities are Kubernetes' (`200m`, `512Mi`), durations `30s` or
`5m`, percentages `25%`.
"""


def text() -> str:
    """Return the page: a table for each group of keys."""
    schema = Stack.model_json_schema()
    definitions: dict[str, dict[str, Any]] = schema["$defs"]
    parts = [_HEAD]
    for key, node in schema["properties"].items():
        title, below = f"{NAMESPACE}{key}", node
        if "additionalProperties" in node:
            title, below = f"{title}.<name>", node["additionalProperties"]
        parts += _tables(title, definitions[_name(below)], definitions)
    return "\n".join(parts)


def _tables(title: str, group: dict[str, Any], definitions: dict[str, Any]) -> list[str]:
    lines = [f"## `{title}`\n", f"{_first_line(group)}\n", "| key | default | meaning |", "|---|---|---|"]
    deeper: list[str] = []
    for key, node in group["properties"].items():
        lines.append(f"| `{key}` | {_default(key, node, group)} | {_first_line(node)} |")
        for option in _groups(node):
            deeper += _tables(f"{title}.{key}", definitions[option], definitions)
    return ["\n".join(lines) + "\n", *deeper]


def _groups(node: dict[str, Any]) -> list[str]:
    return [_name(option) for option in [node, *node.get("oneOf", [])] if "$ref" in option]


def _name(node: dict[str, Any]) -> str:
    return str(node["$ref"]).rsplit("/", 1)[1]


def _default(key: str, node: dict[str, Any], group: dict[str, Any]) -> str:
    if key in group.get("required", []):
        return "required"
    value = node.get("default")
    return (
        "below"
        if isinstance(value, dict)
        else "unset"
        if value is None
        else f"`{json.dumps(value).strip(chr(34))}`"
    )


def _first_line(node: dict[str, Any]) -> str:
    return " ".join(str(node.get("description", "")).split("\n\n")[0].split())


if __name__ == "__main__":
    FILE.write_text(text())
