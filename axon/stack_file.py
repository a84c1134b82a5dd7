"""A stack file at two commits: its text, its settings and the keys that differ."""

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from axon.errors import UserError
from axon.redact import masked
from stacks.settings import SettingsError, Stack
from stacks.settings.loading import validate
from stacks.settings.project import PROJECT
from stacks.settings.source import NAMESPACE, Source
from stacks.settings.yaml_text import Unreadable, text_of
from stacks.settings.yaml_tree import plain, tree_of

_ABSENT = object()


class GitError(UserError):
    """A commit or branch cannot be read. The text is one line."""


@dataclass(frozen=True)
class KeyChange:
    """One key of the stack file that differs; None on the side without the key."""

    path: str
    before: str | None
    after: str | None


def path_of(stack: str) -> str:
    """Return the path of a stack's file in the repository."""
    return f"stacks/Pulumi.{stack}.yaml"


def at_base(base: str, stack: str, project: Path = PROJECT) -> str:
    """Return a stack file's text at the merge base with `base`; empty if it did not exist.

    Raises:
        GitError: when there is no merge base.
    """
    merge_base = git(project, "merge-base", base, "HEAD")
    if merge_base is None:
        raise GitError(f"no common commit of {base} and HEAD (in CI, fetch the full history)")
    return git(project, "show", f"{merge_base.strip()}:{path_of(stack)}") or ""


def git(project: Path, *words: str) -> str | None:
    """Return the output of a git command, or None if it fails."""
    run = subprocess.run(["git", *words], cwd=project, capture_output=True, text=True, check=False)
    return run.stdout if run.returncode == 0 else None


def settings_of(text: str, stack: str) -> Stack | None:
    """Return the settings of a stack file's text, or None if this version rejects it."""
    try:
        return validate(raw_of(text), Source(path_of(stack)))
    except SettingsError:
        return None


def raw_of(text: str) -> dict[str, Any]:
    """Return the settings in a stack file's text as plain data."""
    config = config_of(text)
    return {key.removeprefix(NAMESPACE): value for key, value in config.items() if key.startswith(NAMESPACE)}


def config_of(text: str) -> Mapping[str, Any]:
    """Return the config of a stack file's text; empty if it is not YAML."""
    try:
        content = plain(tree_of(text_of(text.encode())))
    except (Unreadable, UnicodeEncodeError):
        return {}
    config = content.get("config") if isinstance(content, dict) else None
    return config if isinstance(config, dict) else {}


def value_of(node: Node | None, key: str) -> Node | None:
    """Return the value of a key, with its place in the text; None if there is none, or no mapping."""
    pairs = node.value if isinstance(node, MappingNode) else []
    return next((value for name, value in pairs if isinstance(name, ScalarNode) and name.value == key), None)


def key_changes(before: str, after: str) -> list[KeyChange]:
    """Return the keys that differ, without secrets, in the order of the new file."""
    return list(_changes(config_of(before), config_of(after), ""))


def _changes(before: Any, after: Any, path: str) -> Iterator[KeyChange]:
    if before == after:
        return
    if _is_group(before) and _is_group(after):
        for key in [*after, *(key for key in before if key not in after)]:
            below = f"{path}.{key}" if path else str(key)
            yield from _changes(before.get(key, _ABSENT), after.get(key, _ABSENT), below)
        return
    yield KeyChange(path, _shown(before, path), _shown(after, path))


def _is_group(value: Any) -> bool:
    return isinstance(value, dict) and "secure" not in value


def _shown(value: Any, path: str) -> str | None:
    if value is _ABSENT:
        return None
    safe = masked(value, path.rsplit(".", 1)[-1])
    # A group is written below its key, a list or a value after it, as a person would.
    text = yaml.safe_dump(safe, default_flow_style=None, sort_keys=False, width=10_000).strip()
    text = text.removesuffix("\n...")
    entries = list(safe.values()) if isinstance(safe, dict) else safe if "\n" in text else []
    nested = any(isinstance(item, dict | list) for item in entries)
    return "\n" + indent(text, "  ") if nested else text
