"""Conversion of Cortex's units."""

import re
from typing import Any

from stacks.settings.units import quantity_value

_GO_DURATION = re.compile(r"(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m(?!s))?(?:([0-9]{1,9})s)?(?:([0-9]{1,9})ms)?")


def duration(value: Any) -> str | None:
    """Return a Go duration, such as `1m30s`, in one unit; any other value stays unchanged."""
    match = _GO_DURATION.fullmatch(str(value)) if value is not None else None
    if match is None or not any(match.groups()):
        return None if value is None else str(value)
    hours, minutes, seconds, milliseconds = (int(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + seconds
    if milliseconds:
        return f"{total * 1000 + milliseconds}ms"
    return f"{total // 60}m" if total and total % 60 == 0 else f"{total}s"


def quantity(value: Any) -> str | None:
    """Return a quantity; Cortex writes `K` for a thousand."""
    if value is None:
        return None
    return re.sub(r"(?<=[0-9])K$", "k", str(value))


def mebibytes(value: str) -> int:
    """Return a quantity of memory in whole Mi; 0 for an invalid quantity."""
    try:
        return int(quantity_value(value) // 2**20)
    except ValueError:
        return 0


def whole(value: Any, default: int) -> int:
    """Return a whole number; the default for any other value."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def texts(value: list[Any]) -> list[str]:
    """Return the parts of a command line as texts."""
    return [_text(entry) for entry in value]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def text_of(value: Any) -> str:
    """Return the value of an environment variable as text."""
    return _text(value)
