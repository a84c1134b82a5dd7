"""Columns of a fitted estimator, as far as it declares them: names, and an example value of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np


@dataclass
class Column:
    """One column of an estimator's input."""

    name: str
    example: Any = 1.0
    """Example of an accepted value."""

    numeric: bool = False
    """True if the column accepts only numbers."""

    categorical: bool = False
    """True if the column has pandas' type `category`, which boosted trees require."""


def names_of(estimator: Any) -> list[str]:
    """Return the column names with which an estimator was fitted, if any."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        names = getattr(estimator, "feature_names_", None)  # CatBoost's: numbers for unnamed columns
        if not isinstance(names, list) or names == [
            str(index) for index in range(len(cast(list[Any], names)))
        ]:
            return []
    return [str(name) for name in names]


def columns_of(estimator: Any) -> list[Column]:
    """Return the columns with which an estimator was fitted; empty if it does not declare them."""
    count = getattr(estimator, "n_features_in_", 0) or len(getattr(estimator, "feature_names_", None) or ())
    columns = [Column(name) for name in names_of(estimator) or map(str, range(int(count)))]
    for index, example in _examples(estimator, [column.name for column in columns]):
        columns[index].example = example
    for index, example in _categorical(_first(estimator)):
        columns[index].example, columns[index].categorical = example, True
    return columns


def _categorical(estimator: Any) -> Iterator[tuple[int, Any]]:
    """Yield the index and an example category of each categorical column of a boosted tree."""
    if hasattr(estimator, "get_booster"):  # XGBoost
        types = estimator.get_booster().feature_types or []
        yield from ((index, "text") for index, kind in enumerate(types) if kind == "c")
    elif hasattr(estimator, "booster_"):  # LightGBM
        known = estimator.booster_.pandas_categorical or []
        indices = estimator.booster_.params.get("categorical_column", [])
        yield from ((int(index), values[0]) for index, values in zip(indices, known, strict=False) if values)
    elif hasattr(estimator, "get_cat_feature_indices"):  # CatBoost
        yield from ((int(index), "text") for index in estimator.get_cat_feature_indices())


def missing_text(estimator: Any) -> Any:
    """Return an estimator's value for a missing text: None, or NaN if its parts were fitted with NaN."""
    nan = False
    for part in parts_of(estimator):
        known = [item for values in _categories(part) for item in values.tolist()]
        if None in known or getattr(part, "missing_values", 0) is None:
            return None
        imputes = hasattr(part, "statistics_") and part.missing_values != part.missing_values
        nan = nan or imputes or any(item != item for item in known)
    return np.nan if nan else None


def parts_of(estimator: Any) -> Iterator[Any]:
    """Yield a fitted estimator and all of its parts."""
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
    """Yield the index and an example value of each column for which an encoder lists the values."""
    first = _first(estimator)
    first = getattr(first, "_preprocessor", None) or first  # attribute of histogram gradient boosting
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
    """Return the part of an estimator that receives its rows."""
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
    """Return a known value that does not represent a missing value."""
    plain = [value for value in values.tolist() if value is not None and value == value]
    return plain[0] if plain else 1.0
