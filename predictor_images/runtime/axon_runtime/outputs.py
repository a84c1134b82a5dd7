"""Conversion of model outputs into JSON and into tensors of the inference protocol."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from axon_runtime.errors import AnswerError
from axon_runtime.joint import is_sparse
from axon_runtime.plain import text_of
from axon_runtime.tensors import Tensor, datatype_of


def plain(value: Any) -> Any:
    """Return a model's output as JSON values: sparse matrices dense, bytes as text.

    Raises:
        AnswerError: when a value cannot be sent.
    """
    if isinstance(value, np.ndarray):
        kind = value.dtype.kind
        if kind in "fiubU":
            return value.tolist()
        return _decoded(value.tolist()) if kind == "O" else value
    if isinstance(value, list | tuple):
        return [plain(item) for item in _items(value)]
    return _decoded(value) if isinstance(value, bytes) else value


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in _items(value)]
    return text_of(value) if isinstance(value, bytes) else value


def _items(value: Any) -> list[Any]:
    return value


def named(name: str, value: Any) -> list[Tensor]:
    """Return a model's output as tensors: one per entry of a dictionary or a DataFrame.

    Raises:
        AnswerError: when the protocol has no type for the output.
    """
    if isinstance(value, Mapping):
        entries = cast(Mapping[Any, Any], value)
        return [tensor(_name(key), entry) for key, entry in entries.items()]
    if (table := _scores(value)) is not None:
        return [Tensor(name, datatype_of(table.dtype), table)]
    if hasattr(value, "columns") and hasattr(value, "to_dict"):
        return [tensor(_name(column), value[column]) for column in value.columns]
    return [tensor(name, value)]


def _scores(value: Any) -> NDArray[Any] | None:
    """Return a list of dictionaries of scores, the output of exported classifiers, as a table."""
    if not isinstance(value, list) or not value or not all(type(row) is dict for row in _items(value)):
        return None
    keys = _items(value)[0].keys()
    if any(row.keys() != keys or set(map(type, row.values())) != {float} for row in _items(value)):
        return None
    return np.array([list(row.values()) for row in _items(value)], dtype=np.float32)


def tensor(name: str, value: Any) -> Tensor:
    """Return one array-like value as a tensor.

    Raises:
        AnswerError: when the protocol has no type for the value.
    """
    array = _array(name, value)
    kind = array.dtype.kind
    if kind in "USOmM":
        return Tensor(name, "BYTES", _texts(name, array))
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("="))
    try:
        return Tensor(name, datatype_of(array.dtype), array)
    except TypeError:
        raise _unsendable(name, array.dtype) from None


def _array(name: str, value: Any) -> NDArray[Any]:
    if is_sparse(value):
        return value.toarray()
    if hasattr(value, "detach"):  # a PyTorch tensor
        value = value.detach().cpu()
    if isinstance(value, bytes | str):
        array = np.empty((), dtype=object)
        array[()] = value
        return array
    if isinstance(value, Mapping):
        raise _unsendable(name, type(cast(object, value)).__name__)
    try:
        array = np.asarray(value)
    except ValueError:
        raise AnswerError(f"the answer cannot be a tensor: the lists in {name} differ in length") from None
    if array.dtype.kind == "O" and not isinstance(value, np.ndarray) and not _is_column(value, array):
        raise _unsendable(name, type(value).__name__)
    return array


def _is_column(value: Any, array: NDArray[Any]) -> bool:
    return isinstance(value, list | tuple) or hasattr(value, "iloc") or array.ndim > 0


def _texts(name: str, array: NDArray[Any]) -> NDArray[Any]:
    made = np.empty(array.size, dtype=object)
    made[:] = [_item(name, item) for item in array.ravel()]
    return made.reshape(array.shape)


def _item(name: str, item: Any) -> bytes:
    if isinstance(item, bytes):
        return bytes(item)
    if isinstance(item, str):
        return str(item).encode()
    if isinstance(item, np.datetime64 | np.timedelta64):
        return str(item).encode()
    if hasattr(item, "isoformat"):
        return item.isoformat().encode()
    if item is None or isinstance(item, bool | int | float | np.number | np.bool_):
        return b"" if item is None else str(item).encode()
    raise _unsendable(name, type(item).__name__)


def _name(key: Any) -> str:
    if isinstance(key, str | int | float | np.generic):
        return str(key)
    raise AnswerError(f"the answer cannot be tensors: a name is a {type(key).__name__}")


def _unsendable(name: str, what: Any) -> AnswerError:
    return AnswerError(f"the answer cannot be a tensor: {name} holds a {what}")
