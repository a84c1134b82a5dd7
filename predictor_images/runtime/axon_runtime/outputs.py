"""What models return, as JSON and as tensors of the inference protocol."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from axon_runtime.answer import AnswerError
from axon_runtime.joint import is_sparse
from axon_runtime.tensors import Tensor, datatype_of


def plain(value: Any) -> Any:
    """Return a model's output as what JSON has: sparse ones dense, bytes as text.

    Raises:
        AnswerError: when something in it cannot be sent.
    """
    if isinstance(value, np.ndarray):
        array = cast("NDArray[Any]", value)
        return array.tolist() if array.dtype.kind in "fiub" else _plain_array(array)
    return cast(Any, value).toarray().tolist() if is_sparse(value) else value


def _plain_array(value: NDArray[Any]) -> Any:
    if value.dtype.kind == "S" or (
        value.dtype.kind == "O" and bytes in set(map(type, value.ravel().tolist()))
    ):
        return _mapped(value, lambda item: text_of(item) if isinstance(item, bytes) else item)
    if value.dtype.kind in "mM":
        return _mapped(value, _time)
    if value.dtype.kind in "cV":
        raise AnswerError(f"the model's answer cannot be JSON: an array of {value.dtype}")
    return value.tolist()


def _mapped(value: NDArray[Any], change: Any) -> Any:
    made = np.empty(value.shape, dtype=object)
    flat = made.reshape(-1)
    flat[:] = [change(item) for item in value.ravel()]
    return made.tolist()


def _time(item: Any) -> Any:
    return None if np.isnat(item) else str(item)


def text_of(item: bytes) -> str:
    """Return bytes as text.

    Raises:
        AnswerError: when they are none.
    """
    try:
        return item.decode()
    except UnicodeDecodeError:
        raise AnswerError("the answer cannot be JSON: bytes that are no UTF-8 text") from None


def named(name: str, value: Any) -> list[Tensor]:
    """Return a model's output as tensors: of a dictionary or a frame, one an entry.

    Raises:
        AnswerError: when it is nothing that the protocol has.
    """
    if isinstance(value, Mapping):
        entries = cast(Mapping[Any, Any], value)
        return [tensor(_name(key), entry) for key, entry in entries.items()]
    if hasattr(value, "columns") and hasattr(value, "to_dict"):
        return [tensor(_name(column), value[column]) for column in value.columns]
    return [tensor(name, value)]


def tensor(name: str, value: Any) -> Tensor:
    """Return one array-like value as a tensor.

    Raises:
        AnswerError: when it is nothing that the protocol has.
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
    if hasattr(value, "detach"):  # a tensor of PyTorch's
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
