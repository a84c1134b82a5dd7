"""Pulumi's state: backups before each update, and detection of interrupted updates.

A backup is the output of `pulumi stack export`: secrets in it stay encrypted, as in the state itself.
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
    """The state cannot be read, or is not ready for an update. The text has the fix."""


def copies(stack: str) -> Path:
    """Return the folder of a stack's backups."""
    return state_home() / "copies" / stack


def state_home() -> Path:
    """Return the folder for state files on this machine, by the XDG rules."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "axon"


def back_up(stack: str, state: Mapping[str, Any]) -> Path | None:
    """Write a backup of an exported state, readable by its owner only.

    Return the file, or None if the state is empty.

    Raises:
        StateError: when an update was interrupted.
    """
    if not resources(state):
        return None
    file = _written(json.dumps(state), copies(stack))
    for old in sorted(copies(stack).glob("*.json"))[:-KEPT]:
        old.unlink()
    if message := interrupted(stack, state):
        raise StateError(message)
    return file


def resources(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the resources of an exported state."""
    return (state.get("deployment") or {}).get("resources") or []


def interrupted(stack: str, state: Mapping[str, Any]) -> str | None:
    """Return the pending operations of a state with the commands that repair it; None without any."""
    operations = (state.get("deployment") or {}).get("pending_operations") or []
    if not operations:
        return None
    lines = [f"    {one['type']} {one['resource']['urn'].rsplit('::', 1)[1]}" for one in operations]
    return "\n".join(
        [
            f"{stack}: an update was interrupted during these operations:",
            *lines,
            "Their outcome is unknown. Refresh the state, then continue:",
            f"    pulumi refresh --stack {stack} --yes --clear-pending-creates",
            f"    axon up --stack {stack}",
        ]
    )


def is_busy(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether an update ran between two exports: its unfinished changes are not drift."""
    deployments = [state.get("deployment") or {} for state in (before, after)]
    times = {(deployment.get("manifest") or {}).get("time") for deployment in deployments}
    return len(times) > 1 or any(deployment.get("pending_operations") for deployment in deployments)


def _written(text: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.json"
    new = file.with_suffix(".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    # Atomically: a backup that was cut off by a kill would be useless.
    return new.replace(file)
