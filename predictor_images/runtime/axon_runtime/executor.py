"""Run a model for the requests that wait: together where it can, one by one where it cannot.

Nothing waits for a batch to fill, unless it is told to. All requests that arrive in one turn of the event
loop are taken in the next, and while a batch runs the following one gathers. A model that is quick runs in
the event loop itself, which saves two switches of threads a request; one that is slow, or not known yet,
runs in a thread. Where requests of a quick model have come one by one for a while, the next is run as it
comes.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from axon_runtime.call import Failed, Run

# A model faster than this holds the event loop for no longer than a thread would cost to ask.
_QUICK_SECONDS = 0.002
_WEIGHT = 0.2
# So many that came alone, one after another, and the next is not waited for either.
_ALONE = 16


class _Work:
    __slots__ = ("arrived", "future", "input")

    def __init__(self, input: Any, future: "asyncio.Future[Any]", arrived: float) -> None:
        self.input, self.future, self.arrived = input, future, arrived


class Executor:
    """The queue of one model, and what empties it. It belongs to one event loop."""

    def __init__(
        self,
        run: Run,
        *,
        max_batch_size: int,
        threads: int = 1,
        batch_interval: float = 0.0,
        inline: bool = True,
        on_batch: Callable[[int, float], None] | None = None,
        on_queue: Callable[[int], None] | None = None,
    ) -> None:
        self._run, self._max, self._interval = run, max_batch_size, batch_interval
        self._threads, self._inline, self._on_batch, self._on_queue = threads, inline, on_batch, on_queue
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="predict")
        self._waiting: deque[_Work] = deque()
        self._busy = 0
        self._next: asyncio.Handle | None = None
        self._before = 0  # how many waited a turn ago
        self._came = False  # whether a request has come in this turn
        self._alone = 0  # how many have come alone, since two last came together
        self._seconds = float("inf")

    @property
    def waiting(self) -> int:
        """Requests that no batch has taken yet."""
        return len(self._waiting)

    @property
    def quick(self) -> bool:
        """Whether the model is known to be fast enough for the event loop."""
        return self._inline and self._seconds < _QUICK_SECONDS

    def submit(self, input: Any, rows: int = 1) -> "asyncio.Future[Any]":
        """Return the future result of one request. Cancelled before it is taken, it is never run."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        work = _Work(input, future, loop.time())
        if self._comes_alone(loop):
            self._finish([work], *self._measured([input]))
            return future
        self._waiting.append(work)
        if self._on_queue:
            self._on_queue(len(self._waiting))
        if self._next is None:
            self._next = loop.call_soon(self._take)
        elif self._interval and len(self._waiting) == self._max:  # full before its time
            self._next.cancel()
            self._next = loop.call_soon(self._take)
        return future

    def close(self) -> None:
        """End the threads, once what they run has ended."""
        self._pool.shutdown(wait=True)

    def _comes_alone(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Say whether a request is run at once: a quick model's, when none has had company for a while."""
        company = self._came or bool(self._waiting) or self._busy > 0
        if not self._came:
            self._came = True
            loop.call_soon(self._next_turn)
        self._alone = 0 if company else self._alone + 1
        return self._alone > _ALONE and self.quick

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
            if self.quick:
                self._finish(batch, *self._measured([work.input for work in batch]))
            else:
                self._in_thread(batch)

    def _more_are_coming(self) -> bool:
        """Give the loop another turn while each brings more: it costs less than a run for few.

        A lone request loses one turn so, in which nothing else happens.
        """
        count = len(self._waiting)
        if self.quick and self._before < count < self._max:
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
            if not work.future.done():  # its client has gone
                batch.append(work)
        if self._on_queue:
            self._on_queue(len(self._waiting))
        return batch

    def _in_thread(self, batch: list[_Work]) -> None:
        loop = asyncio.get_running_loop()
        self._busy += 1
        running = loop.run_in_executor(self._pool, self._measured, [work.input for work in batch])

        def done(ended: "asyncio.Future[tuple[Sequence[Any], float]]") -> None:
            self._busy -= 1
            self._finish(batch, *ended.result())
            if self._next is None:
                self._take()

        running.add_done_callback(done)

    def _measured(self, inputs: list[Any]) -> tuple[Sequence[Any], float]:
        start = time.perf_counter()
        try:
            results = self._run(inputs)
        except Exception as error:
            results = [Failed(error)] * len(inputs)
        return results, time.perf_counter() - start

    def _finish(self, batch: list[_Work], results: Sequence[Any], seconds: float) -> None:
        known = self._seconds != float("inf")
        self._seconds = (1 - _WEIGHT) * self._seconds + _WEIGHT * seconds if known else seconds
        if self._on_batch:
            self._on_batch(len(batch), seconds)
        for work, result in zip(batch, results, strict=True):
            if work.future.done():
                continue
            if isinstance(result, Failed):
                work.future.set_exception(result.error)
            else:
                work.future.set_result(result)
