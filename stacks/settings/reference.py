"""Configuration reference, generated from the settings: `python -m stacks.settings.reference` writes it."""

from collections.abc import Iterator
from typing import Any, cast

from stacks.settings.base import Settings
from stacks.settings.loading import STACKS
from stacks.settings.reference_cells import allowed_of, default_of, type_of
from stacks.settings.source import NAMESPACE
from stacks.settings.stack import Stack

FILE = STACKS.parent / "docs" / "configuration.md"
_HEAD = """\
# Configuration

Keys of a stack file, `stacks/Pulumi.<stack>.yaml`, below `config:`. This page is generated from the
docstrings in `stacks/settings` (`make schema`). The column *allowed* has the limits that the JSON Schema
can express; the description has the others. Units in the column *type*:

| type | notation |
|---|---|
| duration | an integer with `ms`, `s`, `m` or `h`, such as `30s` or `5m` |
| quantity | [Kubernetes' notation][quantity], such as `200m`, `2` or `512Mi` |
| count or percentage | an integer such as `2`, or `25%` |
| name | at most 50 lowercase letters, digits and hyphens, with a letter first |
| network | CIDR notation, such as `10.0.0.0/16` |

A stack file is UTF-8 and plain YAML: mappings, lists and values, without tags and in one document. Aliases
(`*name`) and `<<` may expand to at most ten times the size of the file. Values that readers of YAML
interpret differently are rejected, with the spelling to use: `no` (`false` or `"no"`), `012`, `1_000`,
`12:30`, `2024-01-01`, integers of more than 64 bits. `1.0` and `1e-3` are floating-point numbers, including
in `predictor.config`.

[quantity]: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
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
    fields = _classes()[group["title"]].model_fields
    lines = [
        f"## `{title}`\n",
        "\n\n".join(_paragraphs(group)) + "\n",
        "| key | type | default | allowed | description |",
        "|---|---|---|---|---|",
    ]
    deeper: list[str] = []
    # The kind of a cluster is no part of its keys' path: they are below `axon:cluster` for every kind.
    prefix = title.split(" ")[0]
    for key, node in group["properties"].items():
        cells = (f"`{key}`", type_of(key, node), default_of(fields[key]), allowed_of(node))
        lines.append("| " + " | ".join((*cells, "<br>".join(_paragraphs(node)))) + " |")
        for below, option in _groups(f"{prefix}.{key}", node, definitions):
            deeper += _tables(below, option, definitions)
    return ["\n".join(lines) + "\n", *deeper]


def _classes(base: type[Settings] = Settings) -> dict[str, type[Settings]]:
    """Return the classes of settings by name."""
    below = base.__subclasses__()
    return {one.__name__: one for one in below} | {k: v for one in below for k, v in _classes(one).items()}


def _groups(title: str, node: dict[str, Any], definitions: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the groups of keys that a key may hold: its own, an entry's, or one for each kind."""
    if "$ref" in node:
        group = definitions[str(node["$ref"]).rsplit("/", 1)[1]]
        kind = _kind(group)
        yield (f"{title} ({kind})" if kind else title), group
    for option in [*node.get("oneOf", []), *node.get("anyOf", [])]:
        yield from _groups(title, option, definitions)
    for key, place in (("additionalProperties", f"{title}.<name>"), ("items", f"{title}[]")):
        entry = node.get(key)
        if isinstance(entry, dict):  # `true` is a mapping of anything
            yield from _groups(place, cast(dict[str, Any], entry), definitions)


def _kind(group: dict[str, Any]) -> str | None:
    """Return the kind of a cluster or of a predictor; None for other groups."""
    name = str(group["title"])
    if name.endswith("Predictor"):
        return name.removesuffix("Predictor").lower()
    return group["properties"].get("kind", {}).get("const")


def _paragraphs(node: dict[str, Any]) -> list[str]:
    text = str(node.get("description", "")).replace("|", "\\|")
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


if __name__ == "__main__":
    FILE.write_text(text())
