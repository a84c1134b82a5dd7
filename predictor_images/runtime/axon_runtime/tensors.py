"""Tensors of the Open Inference Protocol, version 2, as numpy arrays.

Datatypes: https://github.com/open-inference/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
Raw data: https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

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
_DATATYPES = {dtype: name for name, dtype in _DTYPES.items()}


class ProtocolError(ValueError):
    """The client's request is not what the protocol says. Its text names the tensor."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named array. BYTES are arrays of objects, each `bytes`."""

    name: str
    datatype: str
    data: NDArray[Any]

    @property
    def shape(self) -> list[int]:
        """The size of each dimension."""
        return list(self.data.shape)


def datatype_of(dtype: np.dtype[Any]) -> str:
    """Return the protocol's name of a numpy type.

    Raises:
        TypeError: when the protocol has none.
    """
    found = _DATATYPES.get(dtype)
    if found is None:
        raise TypeError(f"an array of {dtype} has no datatype in the inference protocol")
    return found


def dtype_of(datatype: str) -> np.dtype[Any]:
    """Return the numpy type of a datatype; BF16, which numpy lacks, is read as FP32.

    Raises:
        ProtocolError: when there is no such datatype.
    """
    if datatype == "BF16":
        return _DTYPES["FP32"]
    found = _DTYPES.get(datatype)
    if found is None:
        raise ProtocolError(f"datatype {datatype} is none of {', '.join(_DTYPES)}, BF16")
    return found


def from_values(name: str, datatype: str, shape: Sequence[int], values: Any) -> Tensor:
    """Return the tensor of JSON values, flat or nested.

    Raises:
        ProtocolError: when they do not have the shape, or the datatype cannot hold them.
    """
    if datatype == "BYTES":
        return Tensor(name, datatype, _shaped(name, _texts(name, values), shape))
    if datatype == "BF16":
        raise ProtocolError(f"{name}: BF16 has no JSON form: send it as binary data")
    dtype = dtype_of(datatype)
    try:
        given = _array(values, dtype)
        if given.size and not _fits(given, dtype):
            raise ProtocolError(f"{name}: the data are not all of {datatype}")
        return Tensor(name, datatype, _shaped(name, given.astype(dtype, copy=False).ravel(), shape))
    except (ValueError, TypeError, OverflowError) as error:
        if isinstance(error, ProtocolError):
            raise
        raise ProtocolError(f"{name}: the data are no array of {datatype}: {error}") from None


def from_bytes(name: str, datatype: str, shape: Sequence[int], raw: bytes) -> Tensor:
    """Return the tensor of raw data, little-endian.

    Raises:
        ProtocolError: when their length is not the shape's.
    """
    if datatype == "BYTES":
        return Tensor(name, datatype, _shaped(name, _items(name, raw), shape))
    if datatype == "BF16":
        return Tensor(name, "FP32", _shaped(name, _from_bf16(name, raw), shape))
    dtype = dtype_of(datatype).newbyteorder("<")
    if len(raw) % dtype.itemsize:
        raise ProtocolError(f"{name}: {len(raw)} bytes are no whole number of {datatype}")
    return Tensor(name, datatype, _shaped(name, np.frombuffer(raw, dtype), shape))


def to_bytes(tensor: Tensor) -> bytes:
    """Return a tensor's raw data, little-endian."""
    if tensor.datatype == "BYTES":
        return b"".join(struct.pack("<I", len(item)) + item for item in map(_as_bytes, tensor.data.ravel()))
    data = np.ascontiguousarray(tensor.data)
    return data.astype(data.dtype.newbyteorder("<"), copy=False).tobytes()


def to_values(tensor: Tensor) -> list[Any]:
    """Return a tensor's values, flat, for JSON.

    Raises:
        ProtocolError: when JSON cannot say them.
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


def _array(values: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return JSON values as an array; numpy takes integers of 64 bits beside smaller ones for floats."""
    given = np.asarray(values)
    if dtype == np.uint64 and given.dtype.kind == "f":
        exact = np.asarray(values, dtype=object)
        if all(type(item) is int for item in exact.flat):
            return exact.astype(dtype)
    return given


def _fits(given: NDArray[Any], dtype: np.dtype[Any]) -> bool:
    if dtype.kind == "f":
        return given.dtype.kind in "fiu"
    if dtype.kind == "b":
        return given.dtype.kind == "b"
    if given.dtype.kind not in "iu":
        return False
    limits = np.iinfo(dtype)
    return int(given.min()) >= limits.min and int(given.max()) <= limits.max


def _shaped(name: str, flat: NDArray[Any], shape: Sequence[int]) -> NDArray[Any]:
    if any(size < 0 for size in shape):
        raise ProtocolError(f"{name}: shape {list(shape)} has a negative dimension")
    if flat.size != prod(shape):
        raise ProtocolError(f"{name}: shape {list(shape)} needs {prod(shape)} elements, and {flat.size} came")
    try:
        return flat.reshape(shape)
    except ValueError as error:  # more dimensions, or larger ones, than numpy has
        raise ProtocolError(f"{name}: shape {list(shape)}: {error}") from None


def _texts(name: str, values: Any) -> NDArray[Any]:
    flat = list(_flat(values))
    if not all(isinstance(value, str) for value in flat):
        raise ProtocolError(f"{name}: BYTES in JSON are texts")
    return _objects([value.encode() for value in flat])


def _flat(values: Any) -> Any:
    stack = [values]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(reversed(value))
        else:
            yield value


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


def _objects(items: list[bytes]) -> NDArray[Any]:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def _from_bf16(name: str, raw: bytes) -> NDArray[Any]:
    if len(raw) % 2:
        raise ProtocolError(f"{name}: {len(raw)} bytes are no whole number of BF16")
    return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)


def _as_bytes(item: Any) -> bytes:
    return item if isinstance(item, bytes) else str(item).encode()
