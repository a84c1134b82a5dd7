"""Pulumi's diff as text: a line per resource, and one per property that differs."""

import json
from collections.abc import Iterator
from typing import Any

from axon.redact import masked
from axon.report.preview import UNKNOWN, Change, Preview, value_at

_SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "-"}
_LONGEST = 160


def raw_diff(preview: Preview) -> list[str]:
    """Return the lines of the diff."""
    return [line for change in preview.changed if change.custom for line in _lines(change)]


def _lines(change: Change) -> Iterator[str]:
    yield f"{_SIGNS[change.op]} {change.type} {change.name}"
    for part in change.differences:
        key = part.path.rsplit(".", 1)[-1]
        before, after = (
            _shown(part.before, key, change, part.path),
            _shown(part.after, key, change, part.path),
        )
        yield f"    {part.path}: {before} → {after}" + (" (replaces)" if part.replaces else "")


def _shown(value: Any, key: str, change: Change, path: str) -> str:
    if value is None:
        return "none"
    if value == UNKNOWN:
        return "known after up"
    if _in_secret(change, path):
        return "[secret]"
    safe = masked(value, key)
    text = (
        safe if isinstance(safe, str) else json.dumps(safe, sort_keys=True).replace(UNKNOWN, "known after up")
    )
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _in_secret(change: Change, path: str) -> bool:
    """Whether a property is the data of a Kubernetes Secret, or the value of a secret variable."""
    if change.type == "kubernetes:core/v1:Secret" and path.split(".")[0].split("[")[0] in (
        "data",
        "stringData",
    ):
        return True
    owner = path.rpartition(".")[0]
    for properties in (change.old, change.new):
        parent = value_at(properties, owner)
        if isinstance(parent, dict) and masked(parent).get("value") == "[secret]":
            return True
    return False
