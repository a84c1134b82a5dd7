"""Run a model for the requests that wait: together where it can, one by one where it cannot.

Nothing waits for a batch to fill, unless it is told to. All requests that arrive in one turn of the event
loop are taken in the next, and while a batch runs the following one gathers. A model of a known library runs
in the event loop itself while its predicted time is small, which saves two switches of threads a request;
every other runs in threads of its own, and so does all code of the user's. Where requests of a quick model
have come one by one for a while, the next is run as it comes.
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
"""Runs some calls and returns as many results, each a value or `Failed`."""

# A run that is predicted to be shorter holds the event loop for no longer than a thread would cost to ask.
_QUICK_SECONDS = 0.002
# Larger bodies never run in the event loop: the time of a row of text is that of its length.
_QUICK_BYTES = 64 * 1024
# So many that came alone, one after another, and the next is not waited for either.
_ALONE = 16


class Executor(Protocol):
    """What runs the calls of a model."""

    running: Running

    @property
    def waiting(self) -> int:
        """Calls that have not begun."""
        ...

    async def run(self, call: Call, size: int) -> Any:
        """Return a call's result, or `Failed`; `size` is that of its request's body in bytes.

        Cancelled before it begins, a call leaves the queue at once, with all that it holds.
        """
        ...


class _Work:
    __slots__ = ("arrived", "call", "future", "size")

    def __init__(self, call: Call, size: int, future: "asyncio.Future[Any]", arrived: float) -> None:
        self.call, self.size, self.future, self.arrived = call, size, future, arrived


class BatchExecutor:
    """The queue of one model, and what empties it. It belongs to one event loop at a time."""

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
        """Take what runs a batch; `inline`: whether a quick one may run in the event loop.

        `on_thread` is called first in each thread that runs batches.
        """
        self._run, self._max, self._interval = run, max_batch_size, batch_interval
        self._threads, self._inline, self._on_batch, self._on_queue = threads, inline, on_batch, on_queue
        self.running = running or Running()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="predict", initializer=on_thread)
        self._waiting: deque[_Work] = deque()
        self._busy = 0
        self._next: asyncio.Handle | None = None
        self._before = 0  # how many waited a turn ago
        self._came = False  # whether a request has come in this turn
        self._alone = 0  # how many have come alone, since two last came together
        self._times = RunTimes()

    @property
    def waiting(self) -> int:
        """Calls that no batch has taken yet."""
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
        """End the threads, once what they run has ended."""
        self._pool.shutdown(wait=True)

    def quick(self, batch: Sequence[_Work]) -> bool:
        """Say whether a batch may run in the event loop."""
        if not self._inline or sum(work.size for work in batch) > _QUICK_BYTES:
            return False
        return self._times.predicted(sum(work.call.rows for work in batch)) < _QUICK_SECONDS

    def _add(self, loop: asyncio.AbstractEventLoop, work: _Work) -> None:
        self._waiting.append(work)
        self._queue_changed()
        if self._next is None:
            self._next = loop.call_soon(self._take)
        elif self._interval and len(self._waiting) == self._max:  # full before its time
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
        """Say whether a call is run at once: a quick model's, when none has had company for a while."""
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
        """Give the loop another turn while each brings more: it costs less than a run for few.

        A lone request loses one turn so, in which nothing else happens.
        """
        count = len(self._waiting)
        if self._before < count < self._max and self._waiting and self.quick([self._waiting[0]]):
            self._before = count
            return True
        self._before = 0
        return False

    def _still_to_wait(self) -> float:
        """Return the seconds that the oldest may wait for others: none if nothing else is under way."""
        alone = len(self._waiting) == 1 and not self._busy
        if not self._interval or alone or len(self._waiting) >= self._max:
            return 0.0
        return self._waiting[0].arrived + self._interval - asyncio.get_running_loop().time()

    def _batch(self) -> list[_Work]:
        batch: list[_Work] = []
        while self._waiting and len(batch) < self._max:
            work = self._waiting.popleft()
            if not work.future.done():  # its client has gone in this very turn
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
        except BaseException as error:  # of any kind: SystemExit ends a request, and not the replica
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
