"""Analysis of ONNX graphs: whether the sizes of outputs depend on values, as those of detectors do.

ONNX Runtime does not expose a graph's nodes, and no image contains the package `onnx`, so the file's fields
are parsed here (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

from collections.abc import Iterator
from typing import NamedTuple

# Operators whose output sizes depend on the input values, or that run a branch depending on them.
_BY_VALUE = frozenset(
    ("Compress", "If", "Loop", "NonMaxSuppression", "NonZero", "Scan", "SequenceMap", "StringSplit", "Unique")
)
# Inputs of these operators, from the first to the last relevant one, are sizes or indices.
_SIZES: dict[str, slice] = {
    "CenterCropPad": slice(1, 2),
    "ConstantOfShape": slice(0, 1),
    "Expand": slice(1, 2),
    "OneHot": slice(1, 2),
    "Pad": slice(1, 2),
    "Range": slice(0, 3),
    "Reshape": slice(1, 2),
    "Resize": slice(1, 4),
    "Slice": slice(1, 5),
    "Split": slice(1, 2),
    "SplitToSequence": slice(1, 2),
    "Tile": slice(1, 2),
    "TopK": slice(1, 2),
    "Upsample": slice(1, 2),
}
_SHAPES = ("Shape", "Size")
_RANDOM = ("Random", "Multinomial", "Bernoulli")


class _Node(NamedTuple):
    inputs: list[str]
    outputs: list[str]
    operator: str


def sizes_follow_rows(model: bytes | memoryview) -> bool:
    """Return whether the sizes of a model's outputs depend only on the sizes of its inputs.

    The graph must also contain no random operator. False if the file cannot be parsed.
    """
    try:
        nodes, inputs, functions = _graph(memoryview(model))
    except (ValueError, IndexError):
        return False
    if functions:
        return False
    values = set(inputs)
    for node in nodes:
        if node.operator in _BY_VALUE or node.operator.startswith(_RANDOM):
            return False
        if values.intersection(node.inputs[_SIZES.get(node.operator, slice(0))]):
            return False
        if node.operator not in _SHAPES and values.intersection(node.inputs):
            values.update(node.outputs)
    return True


def _graph(model: memoryview) -> tuple[list[_Node], list[str], bool]:
    nodes: list[_Node] = []
    inputs: list[str] = []
    constants: set[str] = set()
    functions = False
    for field, value in _fields(model):
        functions = functions or field == 25
        if field != 7:
            continue
        for part, content in _fields(value):
            if part == 1:
                nodes.append(_node(content))
            elif part == 11:
                inputs += [_text(name) for number, name in _fields(content) if number == 1]
            elif part == 5:  # older files list these as inputs, too
                constants.update(_text(name) for number, name in _fields(content) if number == 8)
    return nodes, [name for name in inputs if name not in constants], functions


def _node(content: memoryview) -> _Node:
    node = _Node([], [], "")
    for field, value in _fields(content):
        if field == 1:
            node.inputs.append(_text(value))
        elif field == 2:
            node.outputs.append(_text(value))
        elif field == 4:
            node = node._replace(operator=_text(value))
    return node


def _text(value: memoryview) -> str:
    return bytes(value).decode("utf-8", "replace")


def _fields(content: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield the number and the content of each field of a message; for a number, no content."""
    at, end, nothing = 0, len(content), memoryview(b"")
    while at < end:
        key, at = _varint(content, at)
        kind = key & 7
        if kind == 0:
            _, at = _varint(content, at)
            yield key >> 3, nothing
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        elif kind == 2:
            size, at = _varint(content, at)
            if at + size > end:
                raise ValueError("cut off")
            yield key >> 3, content[at : at + size]
            at += size
        else:
            raise ValueError("a field of another kind")


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
