"""Deployment of `bootstrap/`: with local state first, which then moves to the bucket that it creates."""

import os
import shutil
import subprocess
from pathlib import Path

from axon.engine import EngineError, export
from axon.state import StateError, resources, state_home
from stacks.settings.bootstrap import Bootstrap
from stacks.settings.project import project_file

FOLDER = project_file("bootstrap")


def bootstrap(stack: str, settings: Bootstrap, *, folder: Path = FOLDER, backend: str | None = None) -> None:
    """Create or update an account's bootstrap stack; Pulumi prints the variables for GitHub.

    `backend` is the final state backend; default: the bucket that the stack creates.

    Raises:
        StateError: when Pulumi fails. Running it again continues from there.
    """
    remote = _environment(backend or settings.backend)
    if not _knows(stack, folder, remote):
        state = _local_state(stack)
        local = _environment(f"file://{state}")
        _run(folder, local, "stack", "select", "--create", stack)
        _up(stack, folder, local)
        _move(stack, folder, local, remote, settings.secrets_provider())
        shutil.rmtree(state)
    _up(stack, folder, remote)


def _up(stack: str, folder: Path, environment: dict[str, str]) -> None:
    _run(folder, environment, "up", "--yes", "--skip-preview", "--stack", stack)


def _move(
    stack: str, folder: Path, local: dict[str, str], remote: dict[str, str], secrets_provider: str
) -> None:
    """Move the state to the bucket. https://www.pulumi.com/docs/iac/concepts/state-and-backends/#migrating"""
    exported = _local_state(stack) / "exported.json"
    _run(folder, local, "stack", "export", "--stack", stack, "--file", str(exported))
    _run(folder, remote, "stack", "select", "--create", stack, "--secrets-provider", secrets_provider)
    _run(folder, remote, "stack", "import", "--stack", stack, "--file", str(exported))


def _knows(stack: str, folder: Path, environment: dict[str, str]) -> bool:
    """Return True if the bucket exists and has the stack with its resources."""
    try:
        state = export(stack, folder, environment)
    except EngineError:
        return False
    return bool(resources(state))


def _local_state(stack: str) -> Path:
    """Return the folder of the state until there is a bucket."""
    state = state_home() / "bootstrap" / stack
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    return state


def _environment(backend: str) -> dict[str, str]:
    # Until it moves the state is not encrypted: it holds no secret.
    return {**os.environ, "PULUMI_BACKEND_URL": backend, "PULUMI_CONFIG_PASSPHRASE": ""}


def _run(folder: Path, environment: dict[str, str], *words: str) -> None:
    command = ["pulumi", *words, "--non-interactive"]
    if subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, check=False).returncode:
        raise StateError(
            f"pulumi {words[0]} failed in {folder.name}/ (run the same command again to continue)"
        )
