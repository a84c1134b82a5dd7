"""The configuration reference, made from the settings: `python -m stacks.settings.reference` writes it."""

import json
from collections.abc import Iterator
from typing import Any, cast

from stacks.settings.loading import STACKS
from stacks.settings.source import NAMESPACE
from stacks.settings.stack import Stack

FILE = STACKS.parent / "docs" / "configuration.md"
_HEAD = """\
# Configuration

The keys of a stack file, `stacks/Pulumi.<stack>.yaml`, below `config:`. This page is made from
`stacks/settings` (`make schema`). Quantities are Kubernetes' (`200m`, `512Mi`), durations `30s` or
`5m`, percentages `25%`.

A stack file is UTF-8 and plain YAML: mappings, lists, values; no tags, no second document. Aliases (`*name`)
and `<<` may stand for ten times what the file holds. What readers of YAML differ on is refused, with what to
write instead: `no` (`false` or `"no"`), `012`, `1_000`, `12:30`, `2024-01-01`, whole numbers of more than 64
bits. `1.0` and `1e-3` are numbers with a fraction, also in `predictor.config`.
"""


def text() -> str:
    """Return the page: a table for each group of keys."""
    schema = Stack.model_json_schema()
    definitions: dict[str, dict[str, Any]] = schema["$defs"]
    parts = [_HEAD]
    for key, node in schema["properties"].items():
        for title, group in _groups(f"{NAMESPACE}{key}", node, definitions):
            parts += _tables(title, group, definitions)
    return "\n".join(parts)


def _tables(title: str, group: dict[str, Any], definitions: dict[str, Any]) -> list[str]:
    lines = [f"## `{title}`\n", f"{_first_line(group)}\n", "| key | default | meaning |", "|---|---|---|"]
    deeper: list[str] = []
    # The kind of a cluster is no part of its keys' path: they are below `axon:cluster` for every kind.
    prefix = title.split(" ")[0]
    for key, node in group["properties"].items():
        lines.append(f"| `{key}` | {_default(key, node, group)} | {_first_line(node)} |")
        for below, option in _groups(f"{prefix}.{key}", node, definitions):
            deeper += _tables(below, option, definitions)
    return ["\n".join(lines) + "\n", *deeper]


def _groups(title: str, node: dict[str, Any], definitions: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the groups of keys that a key may hold: its own, an entry's, or one for each kind."""
    if "$ref" in node:
        group = definitions[_name(node)]
        kind = group.get("properties", {}).get("kind", {}).get("const")
        yield (f"{title} ({kind})" if kind else title), group
    for option in [*node.get("oneOf", []), *node.get("anyOf", [])]:
        yield from _groups(title, option, definitions)
    for key, place in (("additionalProperties", f"{title}.<name>"), ("items", f"{title}[]")):
        entry = node.get(key)
        if isinstance(entry, dict):  # `true` is a mapping of anything
            yield from _groups(place, cast(dict[str, Any], entry), definitions)


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
