"""The engine's state: a copy before it changes, and what an update that was interrupted has left in it.

A copy is what `pulumi stack export` writes: secrets in it stay encrypted, as in the state itself.
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from axon.errors import UserError

KEPT = 20


class StateError(UserError):
    """The state could not be read, or is not fit for an update. Its text says what to do."""


def copies(stack: str) -> Path:
    """Return the folder that a stack's copies are kept in."""
    return state_home() / "copies" / stack


def state_home() -> Path:
    """Return where this machine keeps what is of states, by the XDG rules."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "axon"


def back_up(stack: str, state: Mapping[str, Any]) -> Path | None:
    """Keep a copy of an exported state, for its owner alone; return it, or None where it is empty.

    Raises:
        StateError: when an update was interrupted.
    """
    if not resources(state):
        return None
    file = _written(json.dumps(state), copies(stack))
    for old in sorted(copies(stack).glob("*.json"))[:-KEPT]:
        old.unlink()
    if said := interrupted(stack, state):
        raise StateError(said)
    return file


def resources(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the resources of an exported state."""
    return (state.get("deployment") or {}).get("resources") or []


def interrupted(stack: str, state: Mapping[str, Any]) -> str | None:
    """Return what an interrupted update was about, and the commands that repair it."""
    operations = (state.get("deployment") or {}).get("pending_operations") or []
    if not operations:
        return None
    lines = [f"    {one['type']} {one['resource']['urn'].rsplit('::', 1)[1]}" for one in operations]
    return "\n".join(
        [
            f"{stack}: an update was interrupted amid",
            *lines,
            "Nobody knows whether that was done. Read the world, then go on:",
            f"    pulumi refresh --stack {stack} --yes --clear-pending-creates",
            f"    axon up --stack {stack}",
        ]
    )


def is_busy(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Say whether an update was under way between two exports: what it has half made is no drift."""
    found = [state.get("deployment") or {} for state in (before, after)]
    times = {(state.get("manifest") or {}).get("time") for state in found}
    return len(times) > 1 or any(state.get("pending_operations") for state in found)


def _written(text: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.json"
    new = file.with_suffix(".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    # In one step: a copy that a kill has cut off would be worth nothing.
    return new.replace(file)
