"""The calls of a model that run now: liveness, autoscaling and metrics find one that hangs by them."""

import time
from collections.abc import Callable, Hashable
from itertools import count


class Running:
    """The running calls of a process. Safe in any thread."""

    def __init__(self) -> None:
        self._calls: dict[Hashable, tuple[float, Callable[[], int]]] = {}
        self._keys = count()

    def begin(self, abandoned: Callable[[], int]) -> Hashable:
        """Note a call that begins, and return its key; `abandoned` counts its requests that were given up."""
        key = next(self._keys)
        self._calls[key] = time.monotonic(), abandoned
        return key

    def end(self, key: Hashable) -> None:
        """Note that a call has ended."""
        self._calls.pop(key, None)

    def oldest(self) -> float:
        """Return for how many seconds the oldest running call has run; 0 if none runs."""
        started = min((start for start, _ in list(self._calls.values())), default=None)
        return 0.0 if started is None else time.monotonic() - started

    def abandoned(self) -> int:
        """Return how many requests still run that nobody waits for any more."""
        return sum(abandoned() for _, abandoned in list(self._calls.values()))
