"""Models that are loaded on demand, up to a maximum number at once."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

from axon_runtime.logs import log
from axon_runtime.service import Service

# Wait before a failed load is retried: the store, or the model's owner, needs time.
RETRY_SECONDS = 10


class ModelError(Exception):
    """A model cannot be loaded. The text is one line."""


class ModelCache:
    """Loaded models, in order of use, the least recently used first. It belongs to one event loop.

    A dropped model is not ended: requests in flight hold references to it, and the last one frees it.
    """

    def __init__(
        self,
        make: Callable[[str], Service],
        limit: int,
        on_change: Callable[[int], None] = lambda count: None,
    ) -> None:
        """Create the cache with the function that loads a model by name, in a thread; at most `limit` models
        are loaded.

        `on_change` is called with the number of loaded models.
        """
        self._make, self._limit, self._on_change = make, limit, on_change
        self._loaded: OrderedDict[str, Service] = OrderedDict()
        self._loading: dict[str, asyncio.Task[Service]] = {}
        self._failed: dict[str, tuple[float, str]] = {}
        self._under_way = 0
        self._changed = asyncio.Condition()

    @property
    def loaded(self) -> list[str]:
        """Names of the loaded models, the least recently used first."""
        return list(self._loaded)

    def peek(self, name: str) -> Service | None:
        """Return a model if it is loaded, without marking it as used."""
        return self._loaded.get(name)

    def use(self, name: str) -> Service | None:
        """Return a model if it is loaded, and mark it as the most recently used."""
        if name in self._loaded:
            self._loaded.move_to_end(name)
        return self._loaded.get(name)

    def failure(self, name: str) -> str | None:
        """Return the reason why a recent load of a model failed."""
        at, text = self._failed.get(name, (float("-inf"), ""))
        return text if time.monotonic() - at < RETRY_SECONDS else None

    def load_now(self, name: str) -> None:
        """Load a model before the event loop starts.

        Raises:
            LoadError: when the model cannot be loaded.
        """
        self._loaded[name] = self._make(name)
        self._on_change(len(self._loaded))

    async def get(self, name: str) -> Service:
        """Return a model, loading it if necessary.

        Raises:
            ModelError: when the model cannot be loaded.
        """
        if app := self.use(name):
            return app
        if failure := self.failure(name):
            raise ModelError(failure)
        task = self._loading.get(name)
        if task is None:
            task = self._loading[name] = asyncio.create_task(self._load(name))
            task.add_done_callback(lambda ended: self._ended(name, ended))
        return await asyncio.shield(task)  # others may wait for the same load

    def _ended(self, name: str, task: "asyncio.Task[Service]") -> None:
        del self._loading[name]
        if not task.cancelled():
            task.exception()  # the error is in the log, even if no request waits any longer

    async def _load(self, name: str) -> Service:
        await self._room()
        try:
            app = await asyncio.to_thread(self._make, name)
            self._loaded[name] = app
            self._on_change(len(self._loaded))
            return app
        except Exception as error:
            text = str(error).splitlines()[0] if str(error) else type(error).__name__
            self._failed[name] = time.monotonic(), text
            log("error", text, model=name)
            raise ModelError(text) from error
        finally:
            self._under_way -= 1
            async with self._changed:
                self._changed.notify_all()

    async def _room(self) -> None:
        """Reserve a slot, dropping a model if necessary; while all slots are loading, wait for one."""
        async with self._changed:
            while len(self._loaded) + self._under_way >= self._limit:
                if not self._loaded:
                    await self._changed.wait()
                    continue
                name, _ = self._loaded.popitem(last=False)
                self._on_change(len(self._loaded))
                log("info", "the model is dropped", model=name)
            self._under_way += 1
