"""Pinning of releases in a stack file: everything else keeps its form and its comments."""

from collections.abc import Iterable

import yaml
from yaml.nodes import MappingNode

from axon.patching.patches import Patch, PatchError
from axon.stack_file import value_of

_KEY = "axon:cluster"
_AFTER = ("version", "region")


def patched(text: str, patches: Iterable[Patch]) -> str:
    """Return a stack file's text with each patch's newest release as its pin.

    Raises:
        PatchError: when `axon:cluster` is not written as a block, one key per line.
    """
    for key in ("node_releases", "addons"):
        pins = {patch.name: patch.newest for patch in patches if patch.key == key and patch.is_due}
        if pins:
            text = _with_pins(text, key, pins)
    return text


def _with_pins(text: str, key: str, pins: dict[str, str]) -> str:
    cluster = _cluster(text)
    block = value_of(cluster, key)
    if block is None:
        return _inserted(text, cluster, key, pins)
    if not isinstance(block, MappingNode):
        raise PatchError(f"{_KEY}.{key} must be a mapping")
    edits: list[tuple[int, int, str]] = []
    for name, release in pins.items():
        old = value_of(block, name)
        if old is not None:
            edits.append((old.start_mark.index, old.end_mark.index, release))
    new = {name: release for name, release in pins.items() if value_of(block, name) is None}
    if new:
        edits.append(_appended(block, new))
    for start, end, words in sorted(edits, reverse=True):
        text = text[:start] + words + text[end:]
    return text


def _cluster(text: str) -> MappingNode:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    cluster = value_of(value_of(root, "config"), _KEY)
    if not isinstance(cluster, MappingNode) or cluster.flow_style:
        raise PatchError(f"{_KEY} must be written as a block, one key per line, so that pins can be added")
    return cluster


def _inserted(text: str, cluster: MappingNode, key: str, pins: dict[str, str]) -> str:
    """Return the text with a new block below the version or the region."""
    above = next(node for name in _AFTER if (node := value_of(cluster, name)) is not None)
    end = text.index("\n", above.end_mark.index) + 1
    indent = " " * cluster.start_mark.column
    lines = [f"{indent}{key}: # `make patch` raises them\n"]
    lines += [f"{indent}  {name}: {release}\n" for name, release in pins.items()]
    return text[:end] + "".join(lines) + text[end:]


def _appended(mapping: MappingNode, pins: dict[str, str]) -> tuple[int, int, str]:
    """Return the edit that adds entries to a mapping in the mapping's style."""
    entries = [f"{name}: {release}" for name, release in pins.items()]
    if not mapping.value:
        return mapping.start_mark.index, mapping.end_mark.index, "{" + ", ".join(entries) + "}"
    at = mapping.value[-1][1].end_mark.index
    between = ", " if mapping.flow_style else "\n" + " " * mapping.start_mark.column
    return at, at, "".join(between + entry for entry in entries)
