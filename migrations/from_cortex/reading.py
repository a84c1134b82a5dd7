"""Reader of Cortex files as plain data, by YAML 1.1 as in Cortex, where `yes` is true."""

from typing import Any

import yaml

from stacks.settings.yaml_text import text_of
from stacks.settings.yaml_tree import plain, tree_of


def read(content: bytes) -> Any:
    """Return the content of a file.

    Raises:
        Unreadable: when the file is not YAML, with the line.
    """
    return plain(tree_of(text_of(content)), _of_1_1)


def _of_1_1(text: str) -> Any:
    """Return a value that newer readers parse differently; a date stays text, as in JSON."""
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return text
    return found if isinstance(found, bool | int) else text
