"""Entry point of a stack's config into the program."""

import json
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from pathlib import Path as FilePath
from typing import Any, cast

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import ValidationError

from stacks.settings.checks import cross_problems
from stacks.settings.endpoints import shared_endpoints
from stacks.settings.errors import Problem, problems
from stacks.settings.local_state import check_not_local
from stacks.settings.project import STACKS as STACKS
from stacks.settings.source import NAMESPACE, Source, described, read_source
from stacks.settings.stack import Stack

_MISSING = object()


class SettingsError(pulumi.RunError):
    """Error of a stack file, with one line per problem: `file:line: path: what`."""


def load() -> Stack:
    """Return the running stack's settings.

    Raises:
        SettingsError: with every problem of the stack file. The engine shows its text without a
            traceback, and no resource has been registered.
    """
    name = pulumi.get_stack()
    stack = validate(*of_the_engine(_source(name)))
    check_not_local(stack, name)
    return stack


def of_the_engine(source: Source) -> tuple[Mapping[str, Any], Source]:
    """Return the running stack's settings as in its file, with the file.

    The engine reads the file as well, and passes `1.0` on as `1`: the file's spelling is used, and the
    engine's value must equal it in all other respects. Keys are sorted, as the engine's are, so that another
    order in the file is no change. Without a file, the engine's settings are used.
    """
    given = running_config()
    if source.config is None or source.problems:
        return given, source
    for key in sorted({*given, *source.config}):
        # The engine passes on a key without a value as an empty text.
        place = _difference(given.get(key) or None, source.config.get(key) or None)
        if place is not None:
            message = "pulumi was given something else than the file says (`--config`?): write it there"
            source.problems.append(Problem((key, *place), message))
    return _sorted(source.config), source


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        entries = cast(dict[str, Any], value)
        return {key: _sorted(entries[key]) for key in sorted(entries)}
    return list(map(_sorted, cast(list[Any], value))) if isinstance(value, list) else value


def _difference(one: Any, other: Any) -> tuple[str | int, ...] | None:
    """Return the place at which two readers disagree, or None. The engine has only one kind of number."""
    if isinstance(one, dict) and isinstance(other, dict):
        mine, yours = cast(dict[str, Any], one), cast(dict[str, Any], other)
        return _first((key, mine.get(key, _MISSING), yours.get(key, _MISSING)) for key in {**mine, **yours})
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip_longest(cast(list[Any], one), cast(list[Any], other), fillvalue=_MISSING)
        return _first((index, *pair) for index, pair in enumerate(pairs))
    return None if _same(one, other) else ()


def _first(entries: Iterable[tuple[str | int, Any, Any]]) -> tuple[str | int, ...] | None:
    for key, one, other in entries:
        if (place := _difference(one, other)) is not None:
            return key, *place
    return None


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, str) and isinstance(other, str):
        return one.strip() == other.strip()  # the engine's YAML drops a line break at the start of a text
    if isinstance(one, float) and isinstance(other, int):
        return one == float(other)  # which Go writes without an exponent below 1e21
    if isinstance(one, int) and isinstance(other, float):
        return float(one) == other
    return one == other


def running_config() -> dict[str, Any]:
    """Return the stack file's settings as the engine passed them, as plain data."""
    config = {**get_config_env(), **CONFIG.get()}
    return {
        key.removeprefix(NAMESPACE): _decoded(value)
        for key, value in config.items()
        if key.startswith(NAMESPACE)
    }


def load_file(stack: str) -> Stack:
    """Return a stack's settings only from its file, without the engine.

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
    """Return the settings in a stack file as plain data.

    Raises:
        SettingsError: if there is no file, or if it is not YAML, or has a duplicate key.
    """
    if source.problems:
        raise SettingsError(described(source, source.problems))
    if source.config is None:
        raise SettingsError(f"{file}: no such stack file")
    return source.config


def validate(raw: Mapping[str, Any], source: Source) -> Stack:
    """Check a stack's plain data.

    Raises:
        SettingsError: with every problem, in the order of the file.
    """
    if source.problems:
        raise SettingsError(described(source, source.problems))
    found = shared_endpoints(raw)
    try:
        stack = Stack.model_validate(raw)
    except ValidationError as error:
        found += problems(error, Stack)
    else:
        found += cross_problems(stack)
        if not found:
            return stack.with_registry()
    raise SettingsError(described(source, found))


def _source(stack: str) -> Source:
    name = f"Pulumi.{stack}.yaml"
    return read_source(STACKS / name, f"{STACKS.name}/{name}")


def _decoded(value: str) -> Any:
    """Return a value of the engine: objects reach the program as JSON, plain values unchanged."""
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
