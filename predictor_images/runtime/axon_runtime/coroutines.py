"""Executor for `async` methods of a user's class: on a separate event loop in a separate thread.

Blocking code there delays other requests for the class, but neither probes nor limits.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import Any

from axon_runtime.call import Call, Failed
from axon_runtime.logs import log
from axon_runtime.running import Running

Act = Callable[[Call], Awaitable[Any]]
"""Function that runs one call on the user's event loop, and returns its result."""


class CoroutineExecutor:
    """Executor that runs calls concurrently, up to a limit; the others wait."""

    def __init__(
        self,
        act: Act,
        *,
        max_concurrency: int,
        running: Running | None = None,
        on_batch: Callable[[int, float], None] | None = None,
        on_queue: Callable[[int], None] | None = None,
        on_thread: Callable[[], None] | None = None,
    ) -> None:
        """Create the executor with the function that runs a call; `on_thread` is called first in the
        thread of the event loop.
        """
        self._act, self._on_batch, self._on_queue, self._on_thread = act, on_batch, on_queue, on_thread
        self.running = running or Running()
        self._free = asyncio.Semaphore(max_concurrency)
        self._waiting = 0
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._live, name="predict", daemon=True).start()

    @property
    def waiting(self) -> int:
        """Number of calls that have not begun."""
        return self._waiting

    async def run(self, call: Call, size: int = 0) -> Any:
        """Return a call's result, or `Failed`."""
        theirs = asyncio.get_running_loop()
        future: asyncio.Future[Any] = theirs.create_future()
        begun: list[asyncio.Task[None]] = []

        def tell(outcome: Any) -> None:
            if not future.done():
                future.set_result(outcome)

        async def work() -> None:
            outcome = await self._one(call, future)
            theirs.call_soon_threadsafe(tell, outcome)

        # The request's own context goes with the call: spans created there belong to the request's trace.
        context = copy_context()
        self._loop.call_soon_threadsafe(lambda: begun.append(self._loop.create_task(work(), context=context)))
        try:
            return await future
        except asyncio.CancelledError:
            self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in begun])
            raise

    async def _one(self, call: Call, future: "asyncio.Future[Any]") -> Any:
        self._wait(1)
        try:
            await self._free.acquire()
        finally:
            self._wait(-1)
        key = self.running.begin(future.cancelled)
        start = self._loop.time()
        try:
            return await self._act(call)
        except BaseException as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task and task.cancelling():
                raise  # the request was canceled
            return Failed(error)
        finally:
            self._free.release()
            self.running.end(key)
            if self._on_batch:
                self._on_batch(1, self._loop.time() - start)

    def _wait(self, change: int) -> None:
        self._waiting += change
        if self._on_queue:
            self._on_queue(self._waiting)

    def _live(self) -> None:
        asyncio.set_event_loop(self._loop)
        if self._on_thread:
            self._on_thread()
        while True:
            try:
                self._loop.run_forever()
            except BaseException as error:  # a task of the user's may raise SystemExit through the loop
                log("error", f"a task of the predictor's raised {type(error).__name__}: {error}")
