"""The stack file as text: where each key stands in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath

import yaml

from stacks.settings.errors import Path, Problem

NAMESPACE = "axon:"


@dataclass
class Source:
    """The lines of a stack file's keys, and what is wrong with the file itself."""

    name: str
    lines: dict[Path, int] = field(default_factory=dict[Path, int])
    problems: list[Problem] = field(default_factory=list[Problem])

    def line_of(self, path: Path) -> int:
        """Return the line of a key, of its parent when it is missing, or 0 without a file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def describe(self, problem: Problem) -> str:
        """Return `file:line: axon:path.of.keys: what is wrong`."""
        line = self.line_of(problem.path)
        where = f"{self.name}:{line}" if line else self.name
        keys = ".".join(str(part) for part in problem.path)
        return f"{where}: {NAMESPACE}{keys}: {problem.message}" if keys else f"{where}: {problem.message}"


def read_source(file: FilePath, name: str) -> Source:
    """Read where the keys of a stack file stand. A file that is not there has no lines."""
    source = Source(name)
    if not file.exists():
        return source
    try:
        root = yaml.compose(file.read_text(), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        source.lines[()] = line
        source.problems.append(Problem((), f"not YAML: {error.problem}"))
        return source
    for key, value in _entries(root):
        if key.value == "config":
            source.lines[()] = key.start_mark.line + 1
            _read_config(value, source)
    return source


def _read_config(config: yaml.Node, source: Source) -> None:
    for key, value in _entries(config):
        if key.value.startswith(NAMESPACE):
            _read(key, value, (key.value.removeprefix(NAMESPACE),), source)


def _read(key: yaml.Node, value: yaml.Node, path: Path, source: Source) -> None:
    if path in source.lines:
        source.problems.append(Problem(path, "this key stands twice"))
    source.lines[path] = key.start_mark.line + 1
    if len(path) > 1 and path[-1] == "secure":
        source.problems.append(
            Problem(path[:-1], "a secret inside the settings would be stored in plain text")
        )
    for child, grandchild in _entries(value):
        _read(child, grandchild, (*path, str(child.value)), source)


def _entries(node: yaml.Node | None) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield key, value
