"""Conversion of numpy, pandas and other values into JSON, in the formats of `json` and pandas."""

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec
import numpy as np

from axon_runtime.errors import AnswerError

_DEPTH = 200
_SCALARS = (str, int, float, type(None))


def json_of(value: Any) -> bytes:
    """Return a value as JSON: NaN and infinity as null, keys as in `json`, bytes in base64.

    Raises:
        AnswerError: when a value has no JSON form.
    """
    try:
        return _encoder.encode(value)
    except Exception:
        pass  # the slow path finds the invalid value, and converts other keys
    try:
        return msgspec.json.encode(_deep(value, "", 0))
    except AnswerError:
        raise
    except Exception as error:
        raise AnswerError(f"the answer cannot be JSON: {type(error).__name__}") from None


def plain(value: Any) -> Any:
    """Return the JSON equivalent of any other value, by its methods.

    Raises:
        TypeError: when the value has no known conversion.
    """
    for able, change in _CHANGES:
        if able(value):
            return change(value)
    raise TypeError(type(value).__name__)


def text_of(item: bytes) -> str:
    """Return bytes as text.

    Raises:
        AnswerError: when the bytes are not UTF-8.
    """
    try:
        return item.decode()
    except UnicodeDecodeError:
        raise AnswerError("the answer cannot be JSON: it holds bytes that are no UTF-8 text") from None


def _array(value: Any) -> Any:
    kind = value.dtype.kind
    if kind in "mM":
        texts = [None if np.isnat(item) else str(item) for item in value.ravel()]
    elif kind == "S":
        texts = [text_of(bytes(item)) for item in value.ravel()]
    elif kind == "f" and value.dtype.itemsize > 8:
        return value.astype(np.float64).tolist()
    elif kind in "cV":
        raise TypeError(f"array of {value.dtype}")
    else:
        return value.tolist()
    made = np.empty(value.shape, dtype=object)
    made.reshape(-1)[:] = texts
    return made.tolist()


def _time(value: Any) -> str | None:
    return None if value != value else value.isoformat()  # NaT is not equal to itself


def _has(*names: str) -> Callable[[Any], bool]:
    return lambda value: all(hasattr(value, name) for name in names)


def _is_missing(value: Any) -> bool:
    return type(value).__name__ == "NAType"


# The order matters: a DataFrame is also a mapping of columns, and a numpy scalar has methods of an array.
_CHANGES: list[tuple[Callable[[Any], bool], Callable[[Any], Any]]] = [
    (_is_missing, lambda value: None),
    (lambda value: isinstance(value, np.ndarray | np.generic), lambda value: _array(np.asarray(value))),
    (_has("to_dicts", "columns"), lambda value: value.to_dicts()),  # polars
    (_has("to_dict", "columns"), lambda value: value.to_dict("records")),
    (_has("toarray", "tocsr"), lambda value: _array(value.toarray())),
    (_has("isoformat"), _time),
    (_has("model_dump"), lambda value: value.model_dump()),  # pydantic
    (_has("to_list"), lambda value: value.to_list()),
    (_has("tolist"), lambda value: value.tolist()),
    (_has("numpy", "dtype"), lambda value: _array(np.asarray(value.numpy()))),
    (lambda value: isinstance(value, Mapping), dict),
]


_encoder = msgspec.json.Encoder(enc_hook=plain)


def _deep(value: Any, path: str, depth: int) -> Any:
    """Return a value as lists and dictionaries with text keys.

    Raises:
        AnswerError: with the type and the position of a value that has no JSON form.
    """
    if depth > _DEPTH:
        raise AnswerError(f"the answer cannot be JSON: it is nested more than {_DEPTH} deep, or holds itself")
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, _SCALARS):
        return _scalar(value, path)
    if isinstance(value, Mapping):
        entries = cast(Mapping[Any, Any], value).items()
        return {_key(key, path): _deep(item, _below(path, key), depth + 1) for key, item in entries}
    if isinstance(value, list | tuple | set | frozenset):
        items = enumerate(cast(list[Any], value))
        return [_deep(item, f"{path}[{index}]", depth + 1) for index, item in items]
    try:
        return msgspec.to_builtins(value)  # dates, data classes and other types that msgspec supports
    except Exception:
        pass
    try:
        changed = plain(value)
    except AnswerError:
        raise
    except Exception:
        raise _unknown(value, path) from None
    return _deep(changed, path, depth + 1)


def _scalar(value: Any, path: str) -> Any:
    try:
        msgspec.json.encode(value)
    except Exception:
        if isinstance(value, int):
            return msgspec.Raw(str(int(value)).encode())  # of more than 64 bits, as in `json`
        raise _unknown(value, path) from None
    return value


def _key(key: Any, path: str) -> str:
    """Return a key as in `json`, or as pandas formats a column's name."""
    if isinstance(key, np.generic):
        key = key.item()
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, int | float):
        return repr(key)
    if hasattr(key, "isoformat"):
        return key.isoformat()
    raise AnswerError(f"the answer cannot be JSON: a key is a {type(key).__name__}{_at(path)}")


def _below(path: str, key: Any) -> str:
    name = key if isinstance(key, str) else type(key).__name__
    return f"{path}.{name}" if path else name


def _at(path: str) -> str:
    return f" at {path}" if path else " at its top"


def _unknown(value: Any, path: str) -> AnswerError:
    return AnswerError(f"the answer cannot be JSON: {type(value).__name__}{_at(path)}")
