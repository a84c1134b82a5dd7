"""What differs between two states of a resource, as a provider tells the engine."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tests.doubles.replacements import changes
from tests.doubles.wire import Properties

_KINDS = {"added": "add", "removed": "delete", "changed": "update"}


class Difference(NamedTuple):
    """A change of one property: `add`, `delete` or `update`, and whether it forces a replacement."""

    kind: str
    replaces: bool


Differences = dict[str, Difference]
"""Differences by path."""

Forces = Callable[[str, str, Any], bool]
"""Whether a change forces a replacement, given its path, `added`, `removed` or `changed`, and the value."""


def differences(old: Properties, new: Properties, forces: Forces) -> Differences:
    """Return the differences between two states of the inputs."""
    return {path: Difference(_KINDS[how], forces(path, how, value)) for path, how, value in changes(old, new)}


def is_below(path: str, properties: Sequence[str]) -> bool:
    """Whether a path is one of these properties, or part of one."""
    return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in properties)
