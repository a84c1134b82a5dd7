"""Run the engine's preview, in the environment that the caller has made (`make preview-report`)."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gitops.secrets import masked

PROJECT = Path(__file__).parents[1]
# A preview's state is thrown away, yet the engine writes all of it out again for each resource, which takes
# most of the time from a hundred models on: https://github.com/pulumi/pulumi/issues/10668
OF_PREVIEWS = {"PULUMI_SKIP_CHECKPOINTS": "true"}


class PreviewError(Exception):
    """The engine gave no preview. Its text is what it said instead."""


def preview_json(stack: str, project: Path = PROJECT, *, refresh: bool = False) -> Mapping[str, Any]:
    """Return the engine's JSON. A preview that failed is one as well: it holds the errors.

    With `refresh` the engine reads the world first, so that what has drifted is a change. Without, it needs
    no rights in the cluster.

    Raises:
        PreviewError: when there is no engine, or no JSON.
    """
    reads = ["--refresh"] if refresh else []
    command = ["pulumi", "preview", "--json", "--stack", stack, "--non-interactive", *reads]
    try:
        run = subprocess.run(
            command,
            cwd=project,
            env=os.environ | OF_PREVIEWS,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise PreviewError(f"pulumi: {error.strerror} (run `make preview-report`, which finds it)") from None
    return read_output(run.stdout, run.stderr)


def outputs(stack: str, project: Path = PROJECT) -> Mapping[str, Any]:
    """Return what a stack says to others, such as `endpoints`; nothing that is secret.

    Raises:
        PreviewError: when the engine does not know the stack.
    """
    command = ["pulumi", "stack", "output", "--json", "--stack", stack, "--non-interactive"]
    run = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    return json.loads(run.stdout) if run.returncode == 0 else _nothing(run.stderr)


def read_output(stdout: str, stderr: str) -> Mapping[str, Any]:
    """Return the JSON that the engine wrote, perhaps after other lines.

    Raises:
        PreviewError: when there is none.
    """
    start = stdout.find("{")
    try:
        return json.loads(stdout[start:]) if start >= 0 else _nothing(stderr)
    except ValueError:
        return _nothing(stderr or stdout)


def _nothing(said: str) -> Mapping[str, Any]:
    raise PreviewError(str(masked(said.strip())) or "the engine said nothing")
