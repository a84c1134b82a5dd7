"""Stack file: its contents, and the line of each key."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from stacks.settings.errors import Path, Problem, one_line
from stacks.settings.yaml_scalars import Ambiguous
from stacks.settings.yaml_text import Unreadable, text_of
from stacks.settings.yaml_tree import Node, Pair, tree_of

NAMESPACE = "axon:"
_MOST_LINES = 50


@dataclass
class Source:
    """Contents of a stack file, the lines of its keys, and the problems of the file itself."""

    name: str
    lines: dict[Path, int] = field(default_factory=dict[Path, int])
    problems: list[Problem] = field(default_factory=list[Problem])
    config: dict[str, Any] | None = None
    """Settings as plain data, by their keys without `axon:`; None if there is no file."""

    def line_of(self, path: Path) -> int:
        """Return the line of a key, of its parent if the key is missing, or 0 without a file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def describe(self, problem: Problem) -> str:
        """Return `file:line: axon:path.of.keys: what is wrong`, in one line."""
        line = self.line_of(problem.path)
        where = f"{self.name}:{line}" if line else self.name
        keys = ".".join(str(part) for part in problem.path)
        text = f"{NAMESPACE}{keys}: {problem.message}" if keys else problem.message
        return f"{where}: {one_line(text)}"


def read_source(file: FilePath, name: str) -> Source:
    """Read a stack file. A missing file has no settings and no lines."""
    source = Source(name)
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return source
    except OSError as error:
        source.problems.append(Problem((), f"cannot be read: {error.strerror}"))
        return source
    return source_of(content, name)


def source_of(content: bytes, name: str) -> Source:
    """Return the contents of a stack file from its bytes. Errors name the file `name`."""
    source = Source(name, config={})
    try:
        root = tree_of(text_of(content))
        if root is not None:
            _read_file(root, source)
    except Unreadable as error:
        source.lines[()] = error.line
        source.problems.append(Problem((), error.message))
    return source


def _read_file(root: Node, source: Source) -> None:
    if not root.is_mapping:
        raise Unreadable(root.line, "is not a mapping of keys: a stack file begins with `config:`")
    given = [pair for pair in root.pairs if pair.key == "config"]
    if len(given) > 1:
        raise Unreadable(given[1].line, "`config` stands twice")
    for pair in given:
        source.lines[()] = pair.line
        if pair.node.value is not None:
            source.config = _read_config(pair, source)


def _read_config(config: Pair, source: Source) -> dict[str, Any]:
    if not config.node.is_mapping:
        raise Unreadable(config.line, "`config` is not a mapping of keys, such as `axon:models`")
    found: dict[str, Any] = {}
    for pair in config.node.pairs:
        namespace, colon, key = pair.key.partition(":")
        if not colon:  # Pulumi would read it as a key of the project
            raise Unreadable(pair.line, f"`{namespace}` lacks its namespace (try {NAMESPACE}{namespace})")
        if f"{namespace}:" == NAMESPACE:
            found[key] = _read(pair, (key,), source)
    return found


def _read(pair: Pair, path: Path, source: Source) -> Any:
    if path in source.lines:
        source.lines[path] = pair.line
        source.problems.append(Problem(path, "this key stands twice"))
        return None
    source.lines[path] = pair.line
    if len(path) > 1 and path[-1] == "secure":
        source.problems.append(
            Problem(path[:-1], "a secret inside the settings would be stored in plain text")
        )
    return _data(pair.node, path, source)


def _data(node: Node, path: Path, source: Source) -> Any:
    if node.is_mapping:
        return {pair.key: _read(pair, (*path, pair.key), source) for pair in node.pairs}
    if node.entries:
        return [_entry(entry, (*path, index), source) for index, entry in enumerate(node.entries)]
    if isinstance(node.value, Ambiguous):
        source.problems.append(Problem(path, node.value.message))
        return node.value.text
    return [] if isinstance(node.value, list) else node.value


def _entry(node: Node, path: Path, source: Source) -> Any:
    source.lines[path] = node.line
    return _data(node, path, source)


def described(source: Source, problems: Iterable[Problem]) -> str:
    """Return problems as lines, in the order of the file; if there are very many, only the first."""
    ordered = sorted(problems, key=lambda problem: source.line_of(problem.path))
    found = [source.describe(problem) for problem in ordered[:_MOST_LINES]]
    more = len(ordered) - len(found)
    return "\n".join([*found, *([f"{source.name}: {more} more problems"] if more else [])])
