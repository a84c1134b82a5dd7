"""How long a model takes for so many rows: measured, and predicted from what was measured."""

# How much the newest measurement counts.
_WEIGHT = 0.2
_BUCKETS = 40  # of powers of two


class RunTimes:
    """Seconds of a run by its rows, in powers of two. It guesses high for more rows than ever ran."""

    def __init__(self) -> None:
        self._seconds: list[float | None] = [None] * _BUCKETS

    def ran(self, rows: int, seconds: float) -> None:
        """Note a run."""
        at = _bucket(rows)
        known = self._seconds[at]
        self._seconds[at] = seconds if known is None else (1 - _WEIGHT) * known + _WEIGHT * seconds

    def predicted(self, rows: int) -> float:
        """Return the seconds that so many rows will take: infinity before the first run.

        Rows that were never run together take as long as the next smaller number that was, a row.
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
