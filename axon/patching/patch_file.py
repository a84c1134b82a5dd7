"""Stack file with newer pins and otherwise unchanged."""

from collections.abc import Iterable

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from axon.patching.patches import Patch, PatchError

_KEY = "axon:cluster"
_AFTER = ("version", "region")


def patched(text: str, patches: Iterable[Patch]) -> str:
    """Return a stack file's text with each patch's newest release as its pin.

    Raises:
        PatchError: if `axon:cluster` is not written as a block, one key per line.
    """
    for key in ("node_releases", "addons"):
        pins = {patch.name: patch.newest for patch in patches if patch.key == key and patch.is_due}
        if pins:
            text = _with_pins(text, key, pins)
    return text


def _with_pins(text: str, key: str, pins: dict[str, str]) -> str:
    cluster = _cluster(text)
    found = _value(cluster, key)
    if found is None:
        return _inserted(text, cluster, key, pins)
    if not isinstance(found, MappingNode):
        raise PatchError(f"{_KEY}.{key} is not a mapping")
    edits: list[tuple[int, int, str]] = []
    for name, release in pins.items():
        old = _value(found, name)
        if old is not None:
            edits.append((old.start_mark.index, old.end_mark.index, release))
    new = {name: release for name, release in pins.items() if _value(found, name) is None}
    if new:
        edits.append(_appended(found, new))
    for start, end, words in sorted(edits, reverse=True):
        text = text[:start] + words + text[end:]
    return text


def _cluster(text: str) -> MappingNode:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    config = _value(root, "config") if isinstance(root, MappingNode) else None
    cluster = _value(config, _KEY) if isinstance(config, MappingNode) else None
    if not isinstance(cluster, MappingNode) or cluster.flow_style:
        raise PatchError(f"{_KEY} must be written as a block, one key a line, for pins to be written into it")
    return cluster


def _value(mapping: MappingNode, key: str) -> Node | None:
    found = (value for name, value in mapping.value if isinstance(name, ScalarNode) and name.value == key)
    return next(found, None)


def _inserted(text: str, cluster: MappingNode, key: str, pins: dict[str, str]) -> str:
    """Return the text with a new block below the version, or the region."""
    above = next(node for name in _AFTER if (node := _value(cluster, name)) is not None)
    end = text.index("\n", above.end_mark.index) + 1
    indent = " " * cluster.start_mark.column
    lines = [f"{indent}{key}: # `make patch` raises them\n"]
    lines += [f"{indent}  {name}: {release}\n" for name, release in pins.items()]
    return text[:end] + "".join(lines) + text[end:]


def _appended(found: MappingNode, pins: dict[str, str]) -> tuple[int, int, str]:
    """Return the edit that adds entries to a mapping, in its own style."""
    entries = [f"{name}: {release}" for name, release in pins.items()]
    if not found.value:
        return found.start_mark.index, found.end_mark.index, "{" + ", ".join(entries) + "}"
    at = found.value[-1][1].end_mark.index
    between = ", " if found.flow_style else "\n" + " " * found.start_mark.column
    return at, at, "".join(between + entry for entry in entries)
