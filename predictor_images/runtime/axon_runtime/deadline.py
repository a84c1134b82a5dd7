"""The deadlines of requests: one timer for all of them, since each has the same time."""

import asyncio
from collections.abc import Hashable


class Deadlines:
    """Cancels the tasks of requests that are not answered in time. It belongs to one event loop.

    All have the same time, so they end in the order in which they began: the timer is that of the first.
    """

    def __init__(self) -> None:
        self._tasks: dict[Hashable, tuple[float, asyncio.Task[None] | None]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, key: Hashable, when: float, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel the running task at a moment of its loop, unless its key is removed before."""
        self._tasks[key] = when, asyncio.current_task(loop)
        if self._timer is None:
            self._timer = loop.call_at(when, self._expire, loop)

    def remove(self, key: Hashable) -> bool:
        """Forget a key; False: its task has been cancelled."""
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
