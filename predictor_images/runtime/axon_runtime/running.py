"""Running calls of a model, by which liveness, autoscaling and metrics detect a hung call."""

import time
from collections.abc import Callable, Hashable
from itertools import count


class Running:
    """Running calls of a process. Thread-safe."""

    def __init__(self) -> None:
        self._calls: dict[Hashable, tuple[float, Callable[[], int]]] = {}
        self._keys = count()

    def begin(self, abandoned: Callable[[], int]) -> Hashable:
        """Record the start of a call, and return its key; `abandoned` returns the number of its timed-out
        requests.
        """
        key = next(self._keys)
        self._calls[key] = time.monotonic(), abandoned
        return key

    def end(self, key: Hashable) -> None:
        """Record the end of a call."""
        self._calls.pop(key, None)

    def oldest(self) -> float:
        """Return the age in seconds of the oldest running call; 0 if none runs."""
        started = min((start for start, _ in list(self._calls.values())), default=None)
        return 0.0 if started is None else time.monotonic() - started

    def abandoned(self) -> int:
        """Return the number of requests that still run after their timeout or a disconnect."""
        return sum(abandoned() for _, abandoned in list(self._calls.values()))
