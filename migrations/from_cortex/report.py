"""Report of a conversion: every field of Cortex without an equivalent, and the reason."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast


@dataclass(frozen=True)
class Note:
    """Note on one field of a Cortex file and its conversion."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


@dataclass
class Fields:
    """Mapping of a Cortex file that tracks which of its keys were not yet converted."""

    data: Mapping[str, Any]
    path: str
    notes: list[Note]
    _left: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self._left = {key for key, value in self.data.items() if value is not None}

    def take(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, which then counts as converted."""
        self._left.discard(key)
        value = self.data.get(key)
        return default if value is None else value

    def below(self, key: str) -> "Fields":
        """Return the mapping at a key; its unconverted keys must be reported by `rest`."""
        return Fields(mapping(self.take(key)), f"{self.path}.{key}", self.notes)

    def each(self, key: str) -> Iterator["Fields"]:
        """Yield the mappings of the list at a key."""
        for index, entry in enumerate(sequence(self.take(key))):
            name = mapping(entry).get("name", index)
            yield Fields(mapping(entry), f"{self.path}.{key}.{name}", self.notes)

    def note(self, key: str, message: str) -> None:
        """Add a note on a key."""
        self.notes.append(Note(f"{self.path}.{key}" if key else self.path, message))

    def unmatched(self, reasons: Mapping[str, str]) -> None:
        """Add a note with the reason for each of these keys that is present."""
        for key, reason in reasons.items():
            if key in self._left:
                self._left.discard(key)
                self.note(key, reason)

    def rest(self) -> None:
        """Add a note for each unconverted key that it is unknown."""
        for key in sorted(self._left):
            self.note(key, "is no field of Cortex's that this knows: left out")
        self._left.clear()


def mapping(value: Any) -> dict[str, Any]:
    """Return a mapping with text keys; an empty one for any other value."""
    if not isinstance(value, dict):
        return {}
    return {str(key): entry for key, entry in cast(dict[Any, Any], value).items()}


def sequence(value: Any) -> list[Any]:
    """Return a list; an empty one for any other value."""
    return cast(list[Any], value) if isinstance(value, list) else []


def given(**values: Any) -> dict[str, Any]:
    """Return the values that are set: neither None nor an empty group."""
    return {key: value for key, value in values.items() if value is not None and value != {} and value != []}
