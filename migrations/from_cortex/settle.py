"""Removal of converted values that the settings reject, with a note on each."""

import copy
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from migrations.from_cortex.report import Note
from stacks.settings.errors import Path, Problem, problems

# More edits than a handwritten file can need.
_MOST = 100


def settle(
    kind: type[BaseModel], given: dict[str, Any], path: str, notes: list[Note]
) -> dict[str, Any] | None:
    """Return accepted settings without the rejected values; None if nothing remains."""
    kept = copy.deepcopy(given)
    for _ in range(_MOST):
        try:
            kind.model_validate(kept)
        except ValidationError as error:
            problem = problems(error, kind)[0]
            notes.append(_note(path, problem))
            if not _remove(kept, problem.path):
                return None
        else:
            return kept
    return None


def _note(path: str, problem: Problem) -> Note:
    if problem.message == "is required":
        *above, key = problem.path
        return Note(".".join([path, *map(str, above)]), f"is nothing without `{key}`: left out")
    return Note(".".join([path, *map(str, problem.path)]), f"{problem.message}: left out")


def _remove(data: dict[str, Any], path: Path) -> bool:
    """Remove the deepest existing part of a path; return whether a part was removed."""
    places: list[tuple[Any, Any]] = []
    at: Any = data
    for part in path:
        if (found := _within(at, part)) is None:
            break
        places.append(found)
        holder, key = found
        at = holder[key]
    if not places:
        return False
    holder, key = places[-1]
    del holder[key]
    return True


def _is_index(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _within(holder: Any, part: str | int) -> tuple[Any, Any] | None:
    """Return the holder and the key of a part of a path, if the part exists."""
    if isinstance(holder, list):
        entries = cast(list[Any], holder)
        return (entries, int(part)) if _is_index(str(part)) and int(part) < len(entries) else None
    if isinstance(holder, dict):
        keys = cast(dict[str, Any], holder)
        return (keys, part) if part in keys else None
    return None
