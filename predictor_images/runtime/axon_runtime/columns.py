"""What the columns of a fitted estimator hold, as far as it says: names, and a value that each takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np


@dataclass
class Column:
    """One column of the rows that an estimator takes."""

    name: str
    example: Any = 1.0
    """A value that it takes."""

    numeric: bool = False
    """Whether it takes numbers alone."""


def columns_of(estimator: Any) -> list[Column]:
    """Return the columns that an estimator was fitted on; none where it does not say."""
    names = getattr(estimator, "feature_names_in_", None)
    count = getattr(estimator, "n_features_in_", None)
    if names is None and count is None:
        return []
    named = (
        [str(name) for name in names] if names is not None else [str(i) for i in range(int(cast(int, count)))]
    )
    columns = [Column(name) for name in named]
    for index, example in _examples(estimator, named):
        columns[index].example = example
    return columns


def missing_text(estimator: Any) -> Any:
    """Return what a missing text is to an estimator: None, or NaN if its parts were fitted on that."""
    nan = False
    for part in parts_of(estimator):
        known = [item for values in _categories(part) for item in values.tolist()]
        if None in known or getattr(part, "missing_values", 0) is None:
            return None
        imputes = hasattr(part, "statistics_") and part.missing_values != part.missing_values
        nan = nan or imputes or any(item != item for item in known)
    return np.nan if nan else None


def parts_of(estimator: Any) -> Iterator[Any]:
    """Yield a fitted estimator and all that it is made of."""
    stack, seen = [estimator], set[int]()
    while stack:
        part = stack.pop()
        if id(part) in seen or isinstance(part, str):
            continue
        seen.add(id(part))
        yield part
        for name in ("steps", "transformers_", "transformer_list"):
            stack.extend(entry[1] for entry in getattr(part, name, ()))
        for name in ("estimator", "estimator_", "best_estimator_", "regressor_", "base_estimator_"):
            if (inner := getattr(part, name, None)) is not None and hasattr(inner, "get_params"):
                stack.append(inner)


def _examples(estimator: Any, names: list[str]) -> Iterator[tuple[int, Any]]:
    """Yield the number of each column that an encoder knows the values of, and one of them."""
    first = _first(estimator)
    if not hasattr(first, "transformers_"):
        for index, values in enumerate(_categories(first)):
            if index < len(names) and len(values):
                yield index, _plain(values)
        return
    for _, transformer, chosen in first.transformers_:
        inner = _first(transformer)
        categories = next((found for part in parts_of(transformer) if (found := _categories(part))), [])
        indices = _indices(chosen, names)
        for index, values in zip(indices, categories, strict=False):
            if len(values):
                yield index, _plain(values)
        if not categories and (hasattr(inner, "vocabulary_") or hasattr(inner, "build_analyzer")):
            for index in indices:
                yield index, "text"


def _first(estimator: Any) -> Any:
    """Return the part of an estimator that is given its rows."""
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif getattr(estimator, "steps", None):
            estimator = next((step for _, step in estimator.steps if step not in (None, "passthrough")), None)
        elif hasattr(estimator, "regressor_") and hasattr(estimator.regressor_, "predict"):
            estimator = estimator.regressor_
        else:
            return estimator


def _categories(part: Any) -> list[Any]:
    found = getattr(part, "categories_", None)
    if not isinstance(found, list):
        return []
    return [np.asarray(values) for values in cast(list[Any], found)]


def _indices(chosen: Any, names: list[str]) -> list[int]:
    if isinstance(chosen, slice):
        if isinstance(chosen.start, str) or isinstance(chosen.stop, str):
            start = names.index(chosen.start) if chosen.start is not None else 0
            stop = names.index(chosen.stop) + 1 if chosen.stop is not None else len(names)
            return list(range(start, stop, chosen.step or 1))
        return list(range(len(names))[chosen])
    chosen = [chosen] if isinstance(chosen, str | int) else list(chosen)
    if chosen and all(isinstance(item, bool | np.bool_) for item in chosen):
        return [index for index, taken in enumerate(chosen) if taken]
    return [names.index(item) if isinstance(item, str) else int(item) % len(names) for item in chosen]


def _plain(values: Any) -> Any:
    """Return a known value that is none of those that say it is missing."""
    plain = [value for value in values.tolist() if value is not None and value == value]
    return plain[0] if plain else 1.0
