"""YAML of a stack file as plain data, with the line of each part: the only reader in the project.

It accepts YAML that Pulumi's own reader interprets in the same way, and rejects the rest: tags, directives,
several documents, keys that are not text, values with two meanings, and aliases that expand to much more than
the file holds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from stacks.settings.yaml_scalars import Ambiguous, Scalar, resolved
from stacks.settings.yaml_text import Unreadable

MOST_DEPTH = 50
"""Maximum depth of mappings and lists; settings need ten levels."""

# libyaml, of which Pulumi's reader is a translation; PyYAML's own parser if it was built without libyaml.
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "<<"
# Names of keys, as of coordinates, that every reader here reads as text.
_LETTERS = ("y", "Y", "n", "N")


@dataclass
class Node:
    """A value, a list or a mapping, and the line on which it begins."""

    line: int
    value: "Scalar | Ambiguous | list[Node] | list[Pair]"
    size: int = 1
    """Number of characters and nodes, including those of its aliases."""

    height: int = 1
    """Number of levels, including those of its aliases."""

    is_mapping: bool = False

    @property
    def pairs(self) -> "list[Pair]":
        """Keys of a mapping with their values, in the order of the file; empty for other nodes."""
        return self.value if self.is_mapping else []  # type: ignore[return-value]

    @property
    def entries(self) -> "list[Node]":
        """Entries of a list; empty for other nodes."""
        return self.value if isinstance(self.value, list) and not self.is_mapping else []  # type: ignore[return-value]


@dataclass
class Pair:
    """A key of a mapping, its line, and its value."""

    line: int
    key: str
    node: Node
    merged: bool = False
    """True if the pair comes from `<<`: the mapping's own keys take precedence."""


def plain(node: Node | None, doubtful: Callable[[str], Any] = str) -> Any:
    """Return a node as plain data. `doubtful` returns the value of a scalar that readers interpret
    differently: by default its text.
    """
    if node is None:
        return None
    if node.is_mapping:
        return {pair.key: plain(pair.node, doubtful) for pair in node.pairs}
    if isinstance(node.value, list):
        return [plain(entry, doubtful) for entry in node.entries]
    return doubtful(node.value.text) if isinstance(node.value, Ambiguous) else node.value


def tree_of(text: str) -> Node | None:
    """Return the one document of a YAML file; None for an empty file.

    Raises:
        Unreadable: with the line, if the file is not YAML or readers would interpret it differently.
    """
    try:
        return _Composer(text).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        last = text.count("\n") + (not text.endswith("\n"))
        line = min(mark.line + 1, last) if mark else 1  # the end of a file is not a line
        raise Unreadable(max(1, line), f"not YAML: {_problem(error)}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # from an escape that is not a character
        raise Unreadable(1, f"not YAML: {str(error).splitlines()[0]}") from None


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = str(error.problem or error.context)
    tab = "cannot start any token" in problem
    return f"{problem} (indent by spaces, and quote what begins so)" if tab else problem


@dataclass
class _Composer:
    """Composer of nodes from the parser's events."""

    text: str
    _anchors: dict[str, Node | None] = field(default_factory=dict[str, "Node | None"])
    _aliased: int = 0

    def document(self) -> Node | None:
        """Return the file's document."""
        self._events: Iterator[Any] = yaml.parse(self.text, Loader=_PARSER)
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                line = _line(event)
                if root is not None:
                    raise Unreadable(
                        line, "a second document begins here: a stack file has one (remove `---`)"
                    )
                if event.version or event.tags:
                    raise Unreadable(line, "a directive (%YAML, %TAG) has no place here: remove it")
                root = self._node(next(self._events), 1)
        return None if root is None or (root.value is None and root.size == 1) else root

    def _node(self, event: Any, depth: int) -> Node:
        if depth > MOST_DEPTH:
            raise _too_deep(_line(event))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        if event.tag is not None and not _is_text(event):
            raise Unreadable(_line(event), f"the tag {_tag(event.tag)} has no place here: remove it")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = self._made(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _made(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(event, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(event, depth)
        return _scalar(event)

    def _alias(self, event: Any, depth: int) -> Node:
        name, line = event.anchor, _line(event)
        if name not in self._anchors:
            raise Unreadable(line, f"*{name} stands for nothing: no &{name} comes before it")
        node = self._anchors[name]
        if node is None:
            raise Unreadable(line, f"*{name} stands for what it is a part of")
        if depth + node.height - 1 > MOST_DEPTH:
            raise _too_deep(line)
        self._aliased += node.size
        # Pulumi's reader rejects such files too: with aliases, a few hundred bytes can expand to gigabytes.
        if self._aliased > 10 * len(self.text) + 1000:
            raise Unreadable(
                line, f"with *{name}, aliases stand for ten times what the file holds: write it out"
            )
        return node

    def _list(self, start: Any, depth: int) -> Node:
        made: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            made.append(self._node(event, depth + 1))
        return _group(start, made, made)

    def _mapping(self, start: Any, depth: int) -> Node:
        own: list[Pair] = []
        merged: list[Pair] = []
        parts: list[Node] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            plain = isinstance(event, yaml.ScalarEvent) and event.implicit[0]
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            parts += (key, value)
            if plain and event.value == _MERGE:
                merged += _merged(key, value)
            else:
                own.append(Pair(key.line, _key(key), value))
        return _group(start, _with_merged(own, merged), parts, is_mapping=True)


def _group(
    start: Any, value: list[Node] | list[Pair], parts: list[Node], *, is_mapping: bool = False
) -> Node:
    size = 1 + sum(part.size for part in parts)
    height = 1 + max((part.height for part in parts), default=0)
    return Node(_line(start), value, size, height, is_mapping=is_mapping)


def _too_deep(line: int) -> Unreadable:
    return Unreadable(line, f"is nested more than {MOST_DEPTH} levels deep")


def _scalar(event: Any) -> Node:
    line, text = _line(event), event.value
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise Unreadable(line, "an escape in these quotes is no character that text can hold: remove it")
    # Without quotes, and not below `|` or `>`.
    return Node(line, resolved(text) if event.implicit[0] else text, 1 + len(text))


def _key(node: Node) -> str:
    if node.value == _MERGE:  # in quotes, which Pulumi drops when it rewrites the file
        raise Unreadable(node.line, "`<<` is no name of a key")
    if isinstance(node.value, str):
        return node.value
    if isinstance(node.value, Ambiguous) and node.value.text in _LETTERS:
        return node.value.text
    if isinstance(node.value, Ambiguous):
        raise Unreadable(
            node.line, f'the key {node.value.text} is read in two ways: write "{node.value.text}"'
        )
    if isinstance(node.value, list):
        raise Unreadable(
            node.line, "a key is text: this one is a list or a mapping (quote what begins with `{`)"
        )
    raise Unreadable(node.line, "a key is text: put it in quotes")


def _merged(key: Node, value: Node) -> list[Pair]:
    """Return the pairs that `<<` adds; the first of several mappings takes precedence."""
    sources = value.entries or [value]
    if not all(source.is_mapping for source in sources):
        raise Unreadable(key.line, "`<<` takes an alias of a mapping, or a list of them")
    return [pair for source in sources for pair in source.pairs]


def _with_merged(own: list[Pair], merged: list[Pair]) -> list[Pair]:
    taken, found = {pair.key for pair in own}, list(own)
    for pair in merged:
        if pair.key not in taken:
            taken.add(pair.key)
            found.append(Pair(pair.line, pair.key, pair.node, merged=True))
    return found


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _is_text(event: Any) -> bool:
    """Return True if a tag means the same as quotes."""
    return isinstance(event, yaml.ScalarEvent) and event.tag == "tag:yaml.org,2002:str"


def _tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!", 1)
