"""Proof that the results of requests in one batch may be split between the requests.

Results may be split if the model has proved that a row's result depends only on that row. A model whose
structure does not imply this (`SavedModel.by_rows`) never runs for several requests. For any other model,
results of rows in a batch are compared with those of the rows run separately: at the start, then for one
batch in a thousand. A single difference beyond rounding, or a result whose length is not the number of rows,
disables batches permanently.
"""

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from axon_runtime.cells import Rows

PROOFS = 3
"""Number of comparisons that a model must pass before its results are split."""

_SPOT = 1024
# Tolerated rounding difference, relative to the largest number of a result.
_ROUNDING = {2: 2e-2, 4: 1e-4, 8: 1e-8}


class Joint:
    """State of the proof for one model and one selection of its outputs."""

    def __init__(self, *, allowed: bool, on_refused: Callable[[str], None]) -> None:
        self.allowed, self._on_refused = allowed, on_refused
        self._proofs = 0
        self._runs = 0

    @property
    def proved(self) -> bool:
        """True if batch results are split without a comparison with separate runs."""
        return self.allowed and self._proofs >= PROOFS

    def proved_by_trial(self) -> None:
        """Count the comparisons with generated rows."""
        self._proofs = PROOFS - 1

    def wants_spot_check(self) -> bool:
        """Count a batch, and return whether one of its requests is to be run separately as well."""
        self._runs += 1
        return self._runs % _SPOT == 1

    def refuse(self, why: str) -> None:
        """Disable batches of the model permanently."""
        if self.allowed:
            self.allowed = False
            self._on_refused(why)

    def compare(self, alone: Sequence[Any], joint: Sequence[Any] | None, counts: Sequence[int]) -> None:
        """Compare the results of separate runs, with the given numbers of rows, with those of a batch of
        the same rows.
        """
        parts = split(joint, counts) if joint is not None else None
        if parts is None:
            self.refuse("a joint result has not one row for each row")
        elif not all(same(one, part) for one, part in zip(alone, parts, strict=True)):
            self.refuse("a row's result depends on the rows beside it")
        else:
            self._proofs += 1


def split(results: Sequence[Any], counts: Sequence[int]) -> list[tuple[Any, ...]] | None:
    """Return each request's part of a batch's results, or None if a result does not have one entry per
    row.
    """
    total = sum(counts)
    if not all(length(result) == total for result in results):
        return None
    ends = pairwise(accumulate(counts, initial=0))
    if len(results) == 1 and isinstance(results[0], np.ndarray):
        (only,) = results
        return [(only[start:end],) for start, end in ends]
    ends = list(ends)
    return [tuple(_slice(result, start, end) for result in results) for start, end in ends]


def length(result: Any) -> int | None:
    """Return the number of rows of a result that can be split, otherwise None."""
    if isinstance(result, np.ndarray):
        return result.shape[0] if result.ndim else None
    if is_sparse(result):
        return int(result.shape[0])
    if hasattr(result, "iloc"):  # a DataFrame or a Series
        return len(result)
    return None


def same(alone: Sequence[Any], joint: Sequence[Any]) -> bool:
    """Return whether results are equal except for rounding."""
    return all(_same(_array(one), _array(other)) for one, other in zip(alone, joint, strict=True))


def _same(one: Rows, other: Rows) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if one.dtype.kind not in "fc":
        return bool(np.array_equal(one, other))
    finite = one[np.isfinite(one)]
    largest = float(np.abs(finite).max()) if finite.size else 0.0
    share = _ROUNDING.get(one.dtype.itemsize, 1e-8)
    return bool(np.allclose(one, other, rtol=share, atol=share * largest, equal_nan=True))


def _array(result: Any) -> Rows:
    return np.asarray(result.toarray() if is_sparse(result) else result)


def _slice(result: Any, start: int, end: int) -> Any:
    if hasattr(result, "iloc"):
        return result.iloc[start:end]
    return (result.tocsr() if is_sparse(result) else result)[start:end]


def is_sparse(result: Any) -> bool:
    """Return whether a result is a sparse matrix."""
    return hasattr(result, "toarray") and hasattr(result, "tocsr")
