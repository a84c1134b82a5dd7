"""Deadlines of requests: a single timer for all, since each request has the same timeout."""

import asyncio
from collections.abc import Hashable


class Deadlines:
    """Timer that cancels the tasks of requests at their timeout. It belongs to one event loop.

    All requests have the same timeout, so their deadlines are in the order of their start: the timer is set
    for the first.
    """

    def __init__(self) -> None:
        self._tasks: dict[Hashable, tuple[float, asyncio.Task[None] | None]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, key: Hashable, when: float, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel the current task at the given time of its loop, unless its key is removed before."""
        self._tasks[key] = when, asyncio.current_task(loop)
        if self._timer is None:
            self._timer = loop.call_at(when, self._expire, loop)

    def remove(self, key: Hashable) -> bool:
        """Remove a key; False: its task was already canceled."""
        return self._tasks.pop(key, None) is not None

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        while self._tasks:
            key, (when, task) = next(iter(self._tasks.items()))
            if when > now:
                self._timer = loop.call_at(when, self._expire, loop)
                return
            del self._tasks[key]
            if task is not None:
                task.cancel()
