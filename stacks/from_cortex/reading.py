"""A file of Cortex's as plain data, as Cortex read it: by YAML 1.1, where `yes` is true."""

from typing import Any

import yaml

from stacks.settings.yaml_scalars import Ambiguous
from stacks.settings.yaml_text import text_of
from stacks.settings.yaml_tree import Node, tree_of


def read(content: bytes) -> Any:
    """Return what a file says.

    Raises:
        Unreadable: when it is no YAML, with the line.
    """
    root = tree_of(text_of(content))
    return None if root is None else _data(root)


def _data(node: Node) -> Any:
    if node.is_mapping:
        return {pair.key: _data(pair.node) for pair in node.pairs}
    if isinstance(node.value, list):
        return [_data(entry) for entry in node.entries]
    return _of_1_1(node.value.text) if isinstance(node.value, Ambiguous) else node.value


def _of_1_1(text: str) -> Any:
    """Return a value that newer readers take for another thing; a date stays text, as in JSON."""
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return text
    return found if isinstance(found, bool | int) else text
