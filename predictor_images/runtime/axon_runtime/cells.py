"""Conversion of request values into arrays of a model's types. Values never change silently except by
rounding.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axon_runtime.errors import BadInputError

Rows = NDArray[Any]

_DEEPEST = 32
_NUMBERS = frozenset((int, float))


def nested(values: list[Any], what: str = "instances") -> Rows:
    """Return JSON lists as an array of Python objects with the shape of the lists.

    numpy does not infer the type: it would make all texts as wide as the longest.

    Raises:
        BadInputError: when the items do not have the same shape.
    """
    shape, flat = [len(values)], values
    while flat and type(flat[0]) is list:
        size = len(flat[0])
        if len(shape) >= _DEEPEST or any(type(item) is not list or len(item) != size for item in flat):
            raise BadInputError(f"{what} differ in shape: each needs the same features")
        flat = [inner for item in flat for inner in item]
        shape.append(size)
    if list in set(map(type, flat)):
        raise BadInputError(f"{what} differ in shape: each needs the same features")
    return objects(flat).reshape(shape)


def objects(items: list[Any]) -> Rows:
    """Return a flat array of objects, unchanged."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def cast(given: Rows, dtype: np.dtype[Any], what: str = "", *, missing: bool = True) -> Rows:
    """Return an array in a model's type; object arrays hold text, and no numbers.

    Raises:
        BadInputError: with row and column of the first value that the type cannot represent.
    """
    if given.dtype.kind == "O" and dtype.kind != "O":
        given = _typed(given, dtype, what, missing=missing)
    if given.dtype == dtype and dtype.kind not in "fO":
        return given
    if dtype.kind == "f":
        return _floats(given, dtype, what, missing=missing)
    if dtype.kind in "iu":
        return _integers(given, dtype, what)
    if dtype.kind == "b":
        return _typed(given, dtype, what, missing=missing)
    _refuse(given, what, lambda value: type(value) is str, "text is needed")
    return given


def numeric(given: Rows, what: str = "") -> Rows:
    """Return numbers and missing values as integers, or as floats if one is a float or missing.

    Values stay objects if a float could not represent an integer exactly.

    Raises:
        BadInputError: with row and column of the first value that is not a number.
    """
    flat: list[Any] = given.ravel().tolist()
    types = set(map(type, flat))
    if not types <= {int, float, type(None)}:
        _refuse(given, what, _is_number_or_missing, "a number is needed")
    if types == {int}:
        return _smallest(flat, given)
    whole = (value for value in flat if type(value) is int and abs(value) > 2**53)
    filled = [np.nan if value is None else value for value in flat]
    if any(float(value) != value if value < 2**1000 else True for value in whole):
        return objects(filled).reshape(given.shape)
    return np.array(filled, dtype=np.float64).reshape(given.shape)


def _smallest(flat: list[Any], given: Rows) -> Rows:
    for dtype in (np.int64, np.uint64):
        try:
            return np.array(flat, dtype=dtype).reshape(given.shape)
        except OverflowError:
            continue
    return given


def _typed(given: Rows, dtype: np.dtype[Any], what: str, *, missing: bool) -> Rows:
    """Return an array of a numpy type, from objects that are JSON values or text."""
    flat: list[Any] = given.ravel().tolist()
    if dtype.kind == "b":
        _refuse(given, what, _is_truth, "true or false is needed")
        return np.array(flat, dtype=bool).reshape(given.shape)
    types = set(map(type, flat))
    if dtype.kind == "f":
        if not types <= _NUMBERS:
            _refuse(given, what, _is_number_or_missing, "a number is needed")
        values = [np.nan if value is None else value for value in flat] if type(None) in types else flat
        try:
            return np.array(values, dtype=np.float64).reshape(given.shape)
        except OverflowError:
            _refuse(given, what, lambda value: abs(value or 0) < 2**1023, _TOO_LARGE)
    limits = np.iinfo(dtype)
    if types != {int}:
        _refuse(given, what, _is_whole, "a whole number is needed")
    low, high = int(limits.min), int(limits.max)
    _refuse(given, what, lambda value: low <= value <= high, f"the model takes {low} to {high}")
    return np.array([int(value) for value in flat], dtype=dtype).reshape(given.shape)


def _floats(given: Rows, dtype: np.dtype[Any], what: str, *, missing: bool) -> Rows:
    if given.dtype.kind not in "fiu":
        raise BadInputError(f"{_where(given, 0, what)}: a number is needed")
    with np.errstate(over="ignore"):
        cast = given.astype(dtype, copy=False)
    if cast is not given or not missing:
        finite = np.isfinite(cast)
        if not finite.all():
            _check_floats(given, cast, what, missing=missing)
    return cast


def _check_floats(given: Rows, cast: Rows, what: str, *, missing: bool) -> None:
    too_large = np.isinf(cast) & np.isfinite(given)
    if too_large.any():
        raise BadInputError(f"{_where(given, int(too_large.ravel().argmax()), what)}: {_TOO_LARGE}")
    holes = np.isnan(cast)
    if not missing and holes.any():
        raise BadInputError(f"{_where(given, int(holes.ravel().argmax()), what)}: {MISSING}")


def _integers(given: Rows, dtype: np.dtype[Any], what: str) -> Rows:
    limits = np.iinfo(dtype)
    low, high = int(limits.min), int(limits.max)
    if given.dtype.kind == "f":
        whole = np.isfinite(given) & (np.floor(given) == given)
        if not whole.all():
            raise BadInputError(
                f"{_where(given, int((~whole).ravel().argmax()), what)}: a whole number is needed"
            )
        # Floats compare exactly with the next power of two, but not with the largest integer.
        fits = (given >= low) & (given < float(high + 1))
    elif given.dtype.kind in "iu":
        if not given.size or (int(given.min()) >= low and int(given.max()) <= high):
            return given.astype(dtype)
        fits = (given >= low) & (given <= high)
    else:
        raise BadInputError(f"{_where(given, 0, what)}: a whole number is needed")
    if not fits.all():
        wrong = int((~fits).ravel().argmax())
        raise BadInputError(f"{_where(given, wrong, what)}: the model takes {low} to {high}")
    return given.astype(dtype)


MISSING = "it is missing or NaN, and the model takes no missing values"
_TOO_LARGE = "the number is too large for the model's type"


def _refuse(given: Rows, what: str, right: Callable[[Any], bool], wanted: str) -> None:
    """Raise for the first invalid value."""
    for index, value in enumerate(given.ravel().tolist()):
        if not right(value):
            raise BadInputError(f"{_where(given, index, what)}: {_kind(value)}, and {wanted}")


def _is_number_or_missing(value: Any) -> bool:
    return value is None or type(value) in _NUMBERS


def _is_truth(value: Any) -> bool:
    return type(value) is bool or (type(value) in _NUMBERS and value in (0, 1))


def _is_whole(value: Any) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


def _kind(value: Any) -> str:
    """Return the JSON type of a value, never the value."""
    kinds: dict[type, str] = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "text",
        dict: "an object",
        type(None): "null",
    }
    return f"it is {kinds.get(type(value), 'something else')}"


def _where(given: Rows, index: int, what: str) -> str:
    """Return the row and column of the value at a flat index, with the name of its column or input if it
    has one.
    """
    if not given.size or not given.ndim:
        return what or "instances"
    row, *rest = (int(part) for part in np.unravel_index(index, given.shape))
    if not rest:
        return f"row {row}, column {what}" if what else f"row {row}"
    place = f"row {row}, column {rest[0]}" if len(rest) == 1 else f"row {row}, position {rest}"
    return f"{what}: {place}" if what else place
