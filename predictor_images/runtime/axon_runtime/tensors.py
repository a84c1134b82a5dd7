"""Tensors of the Open Inference Protocol, version 2, as numpy arrays.

Datatypes: https://github.com/open-inference/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
Raw data: https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

_DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "UINT8": np.dtype(np.uint8),
    "UINT16": np.dtype(np.uint16),
    "UINT32": np.dtype(np.uint32),
    "UINT64": np.dtype(np.uint64),
    "INT8": np.dtype(np.int8),
    "INT16": np.dtype(np.int16),
    "INT32": np.dtype(np.int32),
    "INT64": np.dtype(np.int64),
    "FP16": np.dtype(np.float16),
    "FP32": np.dtype(np.float32),
    "FP64": np.dtype(np.float64),
    "BYTES": np.dtype(object),
}
# JSON types of the values of each kind of datatype.
_TYPES: dict[str, set[type]] = {
    "b": {bool},
    "i": {int, float},
    "u": {int, float},
    "f": {int, float, type(None)},
    "O": {str, type(None)},
}
_DATATYPES = {dtype: name for name, dtype in _DTYPES.items()}


_MOST_DIMENSIONS = 64


class ProtocolError(ValueError):
    """The client's request violates the protocol. The text names the tensor."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named array. BYTES are arrays of `bytes` objects."""

    name: str
    datatype: str
    data: NDArray[Any]

    @property
    def shape(self) -> list[int]:
        """Size of each dimension."""
        return list(self.data.shape)


def datatype_of(dtype: np.dtype[Any]) -> str:
    """Return the protocol's name of a numpy type.

    Raises:
        TypeError: when the protocol has no such type.
    """
    found = _DATATYPES.get(dtype)
    if found is None:
        raise TypeError(f"an array of {dtype} has no datatype in the inference protocol")
    return found


def dtype_of(datatype: str, what: str = "the input") -> np.dtype[Any]:
    """Return the numpy type of a datatype; BF16, which numpy lacks, is read as FP32.

    Raises:
        ProtocolError: when the datatype is unknown.
    """
    if datatype == "BF16":
        return _DTYPES["FP32"]
    found = _DTYPES.get(datatype)
    if found is None:
        raise ProtocolError(f"{what}: the datatype is none of {', '.join(_DTYPES)}, BF16")
    return found


def from_values(name: str, datatype: str, shape: Sequence[int], values: Any, what: str = "") -> Tensor:
    """Return the tensor of JSON values, flat or nested; null is a missing number, or a missing text.

    Raises:
        ProtocolError: when the shape differs, or the datatype cannot represent the values.
    """
    what = what or name
    if datatype == "BF16":
        raise ProtocolError(f"{what}: BF16 has no JSON form: send it as binary data")
    dtype = dtype_of(datatype, what)
    if not isinstance(values, list):
        raise ProtocolError(f"{what}: data has to be a list")
    flat, types = _flat(cast(list[Any], values))
    if not types <= _TYPES[dtype.kind]:
        raise ProtocolError(f"{what}: the data are not all of {datatype}")
    return Tensor(name, datatype, _shaped(what, _array(what, datatype, flat, types), shape))


def _array(what: str, datatype: str, flat: list[Any], types: set[type]) -> NDArray[Any]:
    dtype = _DTYPES[datatype]
    if datatype == "BYTES":
        return _objects([value.encode() if type(value) is str else value for value in flat])
    if dtype.kind == "f":
        return _floats(what, datatype, flat, types)
    if float in types:
        if not all(float(value).is_integer() for value in flat):
            raise ProtocolError(f"{what}: the data are not all of {datatype}")
        flat = [int(value) for value in flat]
    try:
        return np.array(flat, dtype=dtype)
    except OverflowError:
        raise ProtocolError(f"{what}: the data are not all of {datatype}: one is out of its range") from None


def _floats(what: str, datatype: str, flat: list[Any], types: set[type]) -> NDArray[Any]:
    if type(None) in types:
        flat = [math.nan if value is None else value for value in flat]
    try:
        with np.errstate(over="ignore"):
            array = np.array(flat, dtype=_DTYPES[datatype])
    except OverflowError:
        raise ProtocolError(f"{what}: a number is too large for {datatype}") from None
    if np.isinf(array).any() and any(map(math.isfinite, np.array(flat, float)[np.isinf(array)])):
        raise ProtocolError(f"{what}: a number is too large for {datatype}")
    return array


def from_bytes(name: str, datatype: str, shape: Sequence[int], raw: bytes, what: str = "") -> Tensor:
    """Return the tensor of raw data, little-endian.

    Raises:
        ProtocolError: when the number of bytes does not match the shape.
    """
    what = what or name
    if datatype == "BYTES":
        return Tensor(name, datatype, _shaped(what, _items(what, raw), shape))
    if datatype == "BF16":
        return Tensor(name, "FP32", _shaped(what, _from_bf16(what, raw), shape))
    dtype = dtype_of(datatype, what).newbyteorder("<")
    if len(raw) % dtype.itemsize:
        raise ProtocolError(f"{what}: {len(raw)} bytes are no whole number of {datatype}")
    return Tensor(name, datatype, _shaped(what, np.frombuffer(raw, dtype), shape))


def to_bytes(tensor: Tensor) -> bytes:
    """Return a tensor's raw data, little-endian."""
    if tensor.datatype == "BYTES":
        return b"".join(struct.pack("<I", len(item)) + item for item in map(_as_bytes, tensor.data.ravel()))
    data = np.ascontiguousarray(tensor.data)
    return data.astype(data.dtype.newbyteorder("<"), copy=False).tobytes()


def to_values(tensor: Tensor) -> list[Any]:
    """Return a tensor's values, flat, for JSON.

    Raises:
        ProtocolError: when JSON cannot represent them.
    """
    flat = tensor.data.ravel()
    if tensor.datatype == "BYTES":
        try:
            return [_as_bytes(item).decode() for item in flat]
        except UnicodeDecodeError:
            raise ProtocolError(f"{tensor.name}: bytes that are no text need binary data") from None
    if flat.dtype.kind == "f" and not np.isfinite(flat).all():
        raise ProtocolError(
            f"{tensor.name} holds NaN or infinity, which JSON cannot say: ask for binary data"
        )
    return flat.tolist()


def _shaped(what: str, flat: NDArray[Any], shape: Sequence[int]) -> NDArray[Any]:
    size = prod(shape)
    if flat.size != size:
        wanted = f"{size}" if size < 2**63 else "too many"
        raise ProtocolError(f"{what}: the shape needs {wanted} elements, and {flat.size} came")
    try:
        return flat.reshape(shape)
    except ValueError:  # no elements, in more dimensions than numpy can count
        raise ProtocolError(f"{what}: the shape is too large") from None


def _flat(values: list[Any]) -> tuple[list[Any], set[type]]:
    """Return the values of nested lists in order, and their types."""
    types = set(map(type, values))
    for _ in range(_MOST_DIMENSIONS):
        if list not in types:
            break
        values = [inner for item in values for inner in (item if type(item) is list else [item])]
        types = set(map(type, values))
    return values, types


def texts(tensor: Tensor) -> NDArray[Any]:
    """Return BYTES as text; missing values are None.

    Raises:
        ProtocolError: when a value is not UTF-8.
    """
    try:
        decoded = [item.decode() if isinstance(item, bytes) else item for item in tensor.data.ravel()]
    except UnicodeDecodeError:
        raise ProtocolError("inputs: BYTES are not all UTF-8, which this model's texts are") from None
    return _objects(decoded).reshape(tensor.data.shape)


def _items(name: str, raw: bytes) -> NDArray[Any]:
    items: list[bytes] = []
    at = 0
    while at < len(raw):
        if at + 4 > len(raw):
            raise ProtocolError(f"{name}: the length of an element is cut off")
        (length,) = struct.unpack_from("<I", raw, at)
        at += 4 + length
        if at > len(raw):
            raise ProtocolError(f"{name}: an element of {length} bytes is cut off")
        items.append(raw[at - length : at])
    return _objects(items)


def _objects(items: list[Any]) -> NDArray[Any]:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def _from_bf16(name: str, raw: bytes) -> NDArray[Any]:
    if len(raw) % 2:
        raise ProtocolError(f"{name}: {len(raw)} bytes are no whole number of BF16")
    return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)


def _as_bytes(item: Any) -> bytes:
    return item if isinstance(item, bytes) else str(item).encode()
