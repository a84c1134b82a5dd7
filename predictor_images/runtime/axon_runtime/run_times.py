"""Run time of a model by number of rows: measured, and predicted from measurements."""

# Weight of the newest measurement.
_WEIGHT = 0.2
_BUCKETS = 40  # powers of two


class RunTimes:
    """Seconds of a run by its number of rows, in powers of two. Predictions above the measured sizes are
    high.
    """

    def __init__(self) -> None:
        self._seconds: list[float | None] = [None] * _BUCKETS

    def ran(self, rows: int, seconds: float) -> None:
        """Record a run."""
        at = _bucket(rows)
        known = self._seconds[at]
        self._seconds[at] = seconds if known is None else (1 - _WEIGHT) * known + _WEIGHT * seconds

    def predicted(self, rows: int) -> float:
        """Return the predicted seconds for a number of rows: infinity before the first run.

        An unmeasured number of rows takes the time per row of the next smaller measured number.
        """
        at = _bucket(rows)
        known = self._seconds[at]
        if known is not None:
            return known
        for below in range(at - 1, -1, -1):
            if (seconds := self._seconds[below]) is not None:
                return seconds * 2 ** (at - below)
        return next((seconds for seconds in self._seconds[at:] if seconds is not None), float("inf"))


def _bucket(rows: int) -> int:
    return min(max(rows, 1).bit_length() - 1, _BUCKETS - 1)
