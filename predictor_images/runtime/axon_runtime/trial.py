"""Trial of an estimator on generated rows, with which the results of its export are compared."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from axon_runtime.cells import Rows
from axon_runtime.errors import LoadError
from axon_runtime.saved import loaded

_COUNT = 250  # rows of each size, and around the sample at each distance
_SIZES = (1.0, 10.0, 100.0, 1000.0)
_DISTANCES = (0.01, 0.1, 1.0)
_MISSING = 0.1  # share of numbers in rows with missing values


@dataclass(frozen=True)
class Trial:
    """Rows and their expected results."""

    rows: Rows
    expected: Rows
    holes: "Trial | None" = None
    """Rows with missing numbers and their results, if the estimator accepts them."""

    @property
    def features(self) -> int:
        """Number of features of a row."""
        return self.rows.shape[1]

    def difference(self, predict: Callable[[Rows], Rows]) -> str:
        """Return the first difference of another model's results, or an empty text."""
        found = predict(self.rows)
        floating = self.expected.dtype.kind == "f"
        same = np.isclose(found, self.expected, equal_nan=True) if floating else found == self.expected
        wrong = np.flatnonzero(~same.reshape(len(self.rows), -1).all(axis=1))
        if not len(wrong):
            return ""
        row, its, own = (np.asarray(part[wrong[0]]).tolist() for part in (self.rows, found, self.expected))
        of_all = f"{len(wrong)} of {len(same)} rows differ"
        return f"it predicts {its} for {row}, and scikit-learn {own} ({of_all})"


def trial(path: Path, estimator: Any, sample: Path) -> Trial:
    """Return an estimator's results: for the sample's rows, for similar rows, and for random rows.

    Raises:
        LoadError: when the number of features is unknown, or no results can be compared.
    """
    features = getattr(estimator, "n_features_in_", None)
    if features is None:
        raise LoadError(f"{path}: it does not say how many features it takes, which an export to ONNX needs")
    failure = None
    for rows in _candidates(_sample(sample, features), features):
        try:
            expected = np.asarray(estimator.predict(rows))
        except Exception as error:
            failure = error
            continue
        return Trial(rows, expected, _holes(estimator, rows))
    raise LoadError(
        f"{path}: it predicts no rows that an export to ONNX could be compared on; give some in sample.json: "
        f"{type(failure).__name__}: {failure}".splitlines()[0]
    )


def _sample(file: Path, features: int) -> Rows:
    if not file.exists():
        return np.empty((0, features))

    def rows(path: Path) -> Rows:
        return np.asarray(msgspec.json.decode(path.read_bytes())["instances"], float).reshape(-1, features)

    return loaded(file, rows)


def _candidates(sample: Rows, features: int) -> Iterator[Rows]:
    """Yield all rows, then only the sample's: an estimator may reject others, such as unknown categories."""
    chance = np.random.default_rng(0)  # the same rows in every replica
    made = [size * chance.standard_normal((_COUNT, features)) for size in _SIZES]
    if len(sample):
        near = sample[chance.integers(len(sample), size=_COUNT)]
        made += [near * (1 + distance * chance.standard_normal(near.shape)) for distance in _DISTANCES]
    yield np.concatenate([sample, *made])
    if len(sample):
        yield sample


def _holes(estimator: Any, rows: Rows) -> Trial | None:
    holes = rows.copy()
    holes[np.random.default_rng(0).random(rows.shape) < _MISSING] = np.nan
    try:
        return Trial(holes, np.asarray(estimator.predict(holes)))
    except Exception:
        return None
