"""The one place where a stack's config enters the program."""

import json
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

import pulumi
import yaml
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import ValidationError

from stacks.settings.checks import cross_problems
from stacks.settings.endpoints import shared_endpoints
from stacks.settings.errors import problems
from stacks.settings.source import NAMESPACE, Source, read_source
from stacks.settings.stack import Stack

STACKS = FilePath(__file__).parents[1]


class SettingsError(pulumi.RunError):
    """The stack file is wrong. Its text is one line a problem: `file:line: path: what`."""


def load() -> Stack:
    """Return the running stack's settings.

    Raises:
        SettingsError: with every problem of the stack file. The engine shows its text without a
            traceback, and no resource has been registered.
    """
    return validate(running_config(), _source(pulumi.get_stack()))


def running_config() -> dict[str, Any]:
    """Return what the engine gave the program of the stack file, as plain data."""
    config = {**get_config_env(), **CONFIG.get()}
    return {
        key.removeprefix(NAMESPACE): _decoded(value)
        for key, value in config.items()
        if key.startswith(NAMESPACE)
    }


def load_file(stack: str) -> Stack:
    """Return a stack's settings from its file alone, without the engine.

    Raises:
        SettingsError: as `load`; also when the stack has no file.
    """
    source = _source(stack)
    file = STACKS / f"Pulumi.{stack}.yaml"
    if not file.exists():
        have = ", ".join(sorted(f.name.split(".")[1] for f in STACKS.glob("Pulumi.*.yaml")))
        raise SettingsError(f"{source.name}: no such stack file (have: {have})")
    return validate(config_of(file, source), source)


def config_of(file: FilePath, source: Source) -> dict[str, Any]:
    """Return what a stack file says to the program, as plain data.

    Raises:
        SettingsError: when the file is no YAML, or says something twice.
    """
    if source.problems:
        raise SettingsError("\n".join(source.describe(p) for p in source.problems))
    content: Mapping[str, Any] = yaml.safe_load(file.read_text()) or {}
    config: Mapping[str, Any] = content.get("config") or {}
    return {k.removeprefix(NAMESPACE): v for k, v in config.items() if k.startswith(NAMESPACE)}


def validate(raw: Mapping[str, Any], source: Source) -> Stack:
    """Check a stack's plain data.

    Raises:
        SettingsError: with every problem, in the order of the file.
    """
    found = [*source.problems, *shared_endpoints(raw)]
    try:
        stack = Stack.model_validate(raw)
    except ValidationError as error:
        found += problems(error, Stack)
    else:
        found += cross_problems(stack)
        if not found:
            return stack.with_registry()
    found.sort(key=lambda problem: source.line_of(problem.path))
    raise SettingsError("\n".join(source.describe(problem) for problem in found))


def _source(stack: str) -> Source:
    name = f"Pulumi.{stack}.yaml"
    return read_source(STACKS / name, f"{STACKS.name}/{name}")


def _decoded(value: str) -> Any:
    """Objects reach the program as JSON, plain values as they are."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
