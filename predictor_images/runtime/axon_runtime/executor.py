"""Executor that runs a model for queued requests: in batches if possible, otherwise one by one.

By default no request waits for a batch to fill. All requests that arrive in one turn of the event loop are
taken in the next, and while a batch runs the following one gathers. A model of a known library runs in the
event loop itself while its predicted time is short, which saves two thread switches per request; every other
model runs in threads of its own, and so does all user code. If requests to a fast model have arrived one by
one for a while, the next runs immediately.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from axon_runtime.call import Call, Failed
from axon_runtime.run_times import RunTimes
from axon_runtime.running import Running

RunCalls = Callable[[Sequence[Call]], Sequence[Any]]
"""Function that runs calls and returns as many results, each a value or `Failed`."""

# A run with a shorter predicted time blocks the event loop for no longer than a thread switch would take.
_QUICK_SECONDS = 0.002
# Larger bodies never run in the event loop: the time for a row of text depends on its length.
_QUICK_BYTES = 64 * 1024
# After so many consecutive requests without a batch, the next runs without waiting for others.
_ALONE = 16


class Executor(Protocol):
    """Interface of executors of a model's calls."""

    running: Running

    @property
    def waiting(self) -> int:
        """Number of calls that have not begun."""
        ...

    async def run(self, call: Call, size: int) -> Any:
        """Return a call's result, or `Failed`; `size` is the size of the request's body in bytes.

        A call that is canceled before it begins leaves the queue at once, and releases its memory.
        """
        ...


class _Work:
    __slots__ = ("arrived", "call", "future", "size")

    def __init__(self, call: Call, size: int, future: "asyncio.Future[Any]", arrived: float) -> None:
        self.call, self.size, self.future, self.arrived = call, size, future, arrived


class BatchExecutor:
    """Queue of one model with its batching. It belongs to one event loop at a time."""

    def __init__(
        self,
        run: RunCalls,
        *,
        max_batch_size: int,
        threads: int = 1,
        batch_interval: float = 0.0,
        inline: bool = True,
        running: Running | None = None,
        on_batch: Callable[[int, float], None] | None = None,
        on_queue: Callable[[int], None] | None = None,
        on_thread: Callable[[], None] | None = None,
    ) -> None:
        """Create the executor with the function that runs a batch; `inline`: whether a fast batch may run in
        the event loop.

        `on_thread` is called first in each thread that runs batches.
        """
        self._run, self._max, self._interval = run, max_batch_size, batch_interval
        self._threads, self._inline, self._on_batch, self._on_queue = threads, inline, on_batch, on_queue
        self.running = running or Running()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="predict", initializer=on_thread)
        self._waiting: deque[_Work] = deque()
        self._busy = 0
        self._next: asyncio.Handle | None = None
        self._before = 0  # calls in the queue one turn ago
        self._came = False  # true if a request arrived in this turn
        self._alone = 0  # consecutive requests that arrived one by one
        self._times = RunTimes()

    @property
    def waiting(self) -> int:
        """Number of calls that are in no batch yet."""
        return len(self._waiting)

    async def run(self, call: Call, size: int = 0) -> Any:
        """Return a call's result, or `Failed`."""
        loop = asyncio.get_running_loop()
        work = _Work(call, size, loop.create_future(), loop.time())
        if self._comes_alone(loop, work):
            self._finish([work], *self._measured([work]))
            return work.future.result()
        self._add(loop, work)
        try:
            return await work.future
        except asyncio.CancelledError:
            self._forget(work)
            raise

    def close(self) -> None:
        """Shut down the threads after their current runs."""
        self._pool.shutdown(wait=True)

    def quick(self, batch: Sequence[_Work]) -> bool:
        """Return whether a batch may run in the event loop."""
        if not self._inline or sum(work.size for work in batch) > _QUICK_BYTES:
            return False
        return self._times.predicted(sum(work.call.rows for work in batch)) < _QUICK_SECONDS

    def _add(self, loop: asyncio.AbstractEventLoop, work: _Work) -> None:
        self._waiting.append(work)
        self._queue_changed()
        if self._next is None:
            self._next = loop.call_soon(self._take)
        elif self._interval and len(self._waiting) == self._max:  # full before its interval ends
            self._next.cancel()
            self._next = loop.call_soon(self._take)

    def _forget(self, work: _Work) -> None:
        if work in self._waiting:
            self._waiting.remove(work)
            self._queue_changed()

    def _queue_changed(self) -> None:
        if self._on_queue:
            self._on_queue(len(self._waiting))

    def _comes_alone(self, loop: asyncio.AbstractEventLoop, work: _Work) -> bool:
        """Return whether a call runs at once: for a fast model whose recent requests arrived one by one."""
        company = self._came or bool(self._waiting) or self._busy > 0
        if not self._came:
            self._came = True
            loop.call_soon(self._next_turn)
        self._alone = 0 if company else self._alone + 1
        return self._alone > _ALONE and self.quick([work])

    def _next_turn(self) -> None:
        self._came = False

    def _take(self) -> None:
        self._next = None
        if self._more_are_coming():
            self._next = asyncio.get_running_loop().call_soon(self._take)
            return
        while self._waiting and self._busy < self._threads:
            if (wait := self._still_to_wait()) > 0:
                self._next = asyncio.get_running_loop().call_later(wait, self._take)
                return
            batch = self._batch()
            if not batch:
                return
            if self.quick(batch):
                self._finish(batch, *self._measured(batch))
            else:
                self._in_thread(batch)

    def _more_are_coming(self) -> bool:
        """Return whether to wait another turn of the loop, while each turn brings more requests.

        A turn costs less than an additional run. A single request loses one turn, in which nothing else
        happens.
        """
        count = len(self._waiting)
        if self._before < count < self._max and self._waiting and self.quick([self._waiting[0]]):
            self._before = count
            return True
        self._before = 0
        return False

    def _still_to_wait(self) -> float:
        """Return the seconds that the oldest call may wait for others: 0 if no other request is in flight."""
        alone = len(self._waiting) == 1 and not self._busy
        if not self._interval or alone or len(self._waiting) >= self._max:
            return 0.0
        return self._waiting[0].arrived + self._interval - asyncio.get_running_loop().time()

    def _batch(self) -> list[_Work]:
        batch: list[_Work] = []
        while self._waiting and len(batch) < self._max:
            work = self._waiting.popleft()
            if not work.future.done():  # its client has disconnected in the same turn
                batch.append(work)
        self._queue_changed()
        return batch

    def _in_thread(self, batch: list[_Work]) -> None:
        loop = asyncio.get_running_loop()
        self._busy += 1
        running = loop.run_in_executor(self._pool, self._measured, batch)

        def done(ended: "asyncio.Future[tuple[Sequence[Any], float]]") -> None:
            self._busy -= 1
            self._finish(batch, *ended.result())
            if self._next is None:
                self._take()

        running.add_done_callback(done)

    def _measured(self, batch: Sequence[_Work]) -> tuple[Sequence[Any], float]:
        key = self.running.begin(lambda: sum(work.future.cancelled() for work in batch))
        start = time.perf_counter()
        try:
            results = self._run([work.call for work in batch])
        except BaseException as error:  # of any type: SystemExit ends a request, not the replica
            results = [Failed(error)] * len(batch)
        finally:
            self.running.end(key)
        return results, time.perf_counter() - start

    def _finish(self, batch: Sequence[_Work], results: Sequence[Any], seconds: float) -> None:
        self._times.ran(sum(work.call.rows for work in batch), seconds)
        if self._on_batch:
            self._on_batch(len(batch), seconds)
        for work, result in zip(batch, results, strict=True):
            if not work.future.done():
                work.future.set_result(result)
