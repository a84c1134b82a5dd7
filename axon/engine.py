"""The Pulumi engine: each operation on a stack as a function, with every flag in one place."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from axon.errors import UserError
from axon.redact import masked
from stacks.settings import Stack
from stacks.settings.aws.eks import EksCluster
from stacks.settings.project import PROJECT

# A preview's state is thrown away, yet the engine writes all of it out again for each resource, which takes
# most of the time from a hundred models on: https://github.com/pulumi/pulumi/issues/10668
OF_PREVIEWS = {"PULUMI_SKIP_CHECKPOINTS": "true"}
# The autoscaler changes what the engine must know before it changes it (docs/aws.md), and what AWS refuses
# stops what depends on it and nothing else.
_UP_ON_AWS = ("--refresh", "--continue-on-error")
# The component, and with it all that has it for a parent.
MODELS = "**axon:model_api:ModelApi**"
# A self-managed state backend has no page to link to.
_CHANGE = ("--yes", "--skip-preview", "--suppress-permalink=true")


class EngineError(UserError):
    """An operation of the engine failed. Its text is the operation and what the engine said."""


class PreviewError(EngineError):
    """The engine gave no preview. Its text is what it said instead."""


def up(stack: str, settings: Stack, *, models: bool = True) -> bool:
    """Make the world as the stack file says, shown on the terminal; return whether all of it succeeded.

    Without `models`, everything but the model APIs is made.
    """
    excluded = [] if models else ["--exclude", MODELS]
    return _shown("up", *_CHANGE, *(_UP_ON_AWS if on_aws(settings) else ()), *excluded, stack=stack)


def preview_diff(stack: str, settings: Stack) -> bool:
    """Show the engine's own diff of each object on the terminal."""
    return _shown("preview", "--diff", *_refresh(on_aws(settings)), stack=stack, more=OF_PREVIEWS)


def destroy(stack: str) -> bool:
    """Remove everything of a stack, shown on the terminal."""
    return _shown("destroy", *_CHANGE, stack=stack)


def refresh(stack: str) -> bool:
    """Read the world into the state, shown on the terminal."""
    return _shown("refresh", *_CHANGE, stack=stack)


def select(stack: str) -> None:
    """Make the engine's stack of a stack file, unless there is one.

    Raises:
        EngineError: when the engine refuses, such as without a login to its backend.
    """
    answer("stack", "select", "--create", stack=stack)


def preview_json(stack: str, project: Path = PROJECT, *, refresh: bool = False) -> Mapping[str, Any]:
    """Return the engine's JSON. A preview that failed is one as well: it holds the errors.

    With `refresh` the engine reads the world first, so that what has drifted is a change. Without, it needs
    no rights in the cluster.

    Raises:
        PreviewError: when there is no engine, or no JSON.
    """
    words = ("preview", "--json", *_refresh(refresh))
    run = _run(words, stack=stack, project=project, environment=os.environ | OF_PREVIEWS)
    return read_output(run.stdout, run.stderr)


def outputs(stack: str, project: Path = PROJECT) -> Mapping[str, Any]:
    """Return the outputs of a stack, such as `endpoints`; nothing that is secret.

    Raises:
        EngineError: when the engine does not know the stack.
    """
    return json.loads(answer("stack", "output", "--json", stack=stack, project=project))


def export(
    stack: str, project: Path = PROJECT, environment: Mapping[str, str] | None = None
) -> Mapping[str, Any]:
    """Return the state as the engine exports it, in another environment than this process' if one is given.

    Raises:
        EngineError: when it does not.
    """
    return json.loads(answer("stack", "export", stack=stack, project=project, environment=environment))


def answer(
    *words: str, stack: str, project: Path = PROJECT, environment: Mapping[str, str] | None = None
) -> str:
    """Return what an operation prints.

    Raises:
        EngineError: when it fails.
    """
    run = _run(words, stack=stack, project=project, environment=environment)
    if run.returncode:
        raise EngineError(f"pulumi {' '.join(words[:2])}: {masked(run.stderr.strip())}")
    return run.stdout


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


def on_aws(settings: Stack) -> bool:
    """Say whether a stack's cluster is made on AWS."""
    return isinstance(settings.cluster, EksCluster)


def _refresh(wanted: bool) -> tuple[str, ...]:
    return ("--refresh",) if wanted else ()


def _nothing(said: str) -> Mapping[str, Any]:
    raise PreviewError(str(masked(said.strip())) or "the engine printed nothing")


def _run(
    words: Sequence[str], *, stack: str, project: Path, environment: Mapping[str, str] | None
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["pulumi", *words, "--stack", stack, "--non-interactive"],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise PreviewError(f"pulumi: {error.strerror} (`axon tools` finds or makes it)") from None


def _shown(*words: str, stack: str, more: Mapping[str, str] | None = None) -> bool:
    command, environment = ["pulumi", *words, "--stack", stack], os.environ | (more or {})
    try:
        return subprocess.run(command, cwd=PROJECT, env=environment, check=False).returncode == 0
    except OSError as error:
        raise EngineError(f"pulumi: {error.strerror} (`axon tools` finds or makes it)") from None
