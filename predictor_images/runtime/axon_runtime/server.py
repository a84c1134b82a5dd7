"""Server of one process: the public port in a thread, the management port in the main thread.

The main thread receives signals, and never runs a model. So the process ends in time, even if a model hangs.
"""

import asyncio
import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import uvicorn

from axon_runtime.app import App
from axon_runtime.config import Config
from axon_runtime.http import App as Served
from axon_runtime.inherited import inherited
from axon_runtime.load import prepare
from axon_runtime.logs import adopt, log
from axon_runtime.management import Management, served, uvicorn_config
from axon_runtime.many import ManyModels
from axon_runtime.memory import return_freed_blocks
from axon_runtime.metrics import Metrics
from axon_runtime.places import Places
from axon_runtime.single import SingleModel

# Seconds without a heartbeat after which an event loop counts as dead.
_SILENT_SECONDS = 60
# Part of the grace period reserved for work after the last request: the export of remaining traces.
_SPARE_SECONDS = 2


def application(config: Config, places: Places | None = None) -> App:
    """Return the application with its loaded models; several processes share permits.

    Raises:
        LoadError, PredictorError: when a model cannot be loaded; the text is one line.
    """
    return_freed_blocks()
    if config.models:
        return App(config, ManyModels(config, prepare), places)
    metrics = Metrics(config.name)
    return App(config, SingleModel(config, prepare(config, metrics), metrics), places)


def serve(app: App, config: Config, public: socket.socket, management: socket.socket | None) -> int:
    """Serve until SIGTERM, and return the exit code.

    On SIGTERM the public port closes, and the requests in flight are completed; hung requests are ended with
    the grace period. Without a socket for the management port, another process serves it.
    """
    # Loaded objects stay: a garbage collection of a large model would delay requests by 30 ms.
    gc.freeze()
    adopt("uvicorn.error")
    serving = _Serving(app, config, public)
    asyncio.run(_manage(serving, app, config, management))
    return serving.code


class _Serving:
    """Public port, in a separate thread."""

    def __init__(self, app: App, config: Config, public: socket.socket) -> None:
        self._app, self._config, self._public = app, config, public
        self._settings = inherited()
        self.ended = threading.Event()
        self.code = 0
        self._beat = time.monotonic()
        self._server = uvicorn.Server(
            uvicorn_config(
                None, max(1, config.grace - _SPARE_SECONDS), callback_notify=self._turned, timeout_notify=1
            )
        )
        self._thread = threading.Thread(target=self._live, name="serve", daemon=True)

    def start(self) -> None:
        """Start to serve."""
        self._thread.start()

    def end(self) -> None:
        """Accept no more requests, and end after those in flight."""
        self._server.should_exit = True

    def not_ready(self) -> str | None:
        """Return the reason for not being ready, or None."""
        if self.ended.is_set() or self._server.should_exit:
            return "ending"
        return None if self._server.started else "starting"

    def silent(self) -> float:
        """Return the seconds since the event loop's last heartbeat."""
        return time.monotonic() - self._beat

    async def _turned(self) -> None:
        self._beat = time.monotonic()
        self._app.turned()

    def _live(self) -> None:
        self._settings()
        try:
            with _traced(self._app, self._config) as served:
                self._server.config.app = served
                self._server.run([self._public])
        except BaseException as error:
            log("error", f"the server ended by {type(error).__name__}: {error}", model=self._config.name)
            self.code = 1
        finally:
            self.ended.set()


def _traced(app: Served, config: Config) -> AbstractContextManager[Served]:
    if not config.traces:
        return nullcontext(app)
    from axon_runtime.tracing import traced  # only replicas with traces load its libraries

    return traced(app, config.name)


async def _manage(serving: _Serving, app: App, config: Config, listening: socket.socket | None) -> None:
    """Serve probes, handle signals, and end the process in time."""
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    serving.start()
    ended = loop.run_in_executor(None, serving.ended.wait)
    with _management(app, serving, config, listening):
        await asyncio.wait((asyncio.ensure_future(ending.wait()), ended), return_when=asyncio.FIRST_COMPLETED)
        serving.end()
        await asyncio.wait((ended,), timeout=config.grace)
        if not serving.ended.is_set():
            log("error", f"requests were under way {config.grace:g} s after SIGTERM", model=config.name)
            _exit(1)


@contextmanager
def _management(
    app: App, serving: _Serving, config: Config, listening: socket.socket | None
) -> Iterator[None]:
    """Serve the management port inside of the context, if this process owns it."""
    if listening is None:
        yield
        return

    def live() -> str | None:
        if (seconds := serving.silent()) > _SILENT_SECONDS:
            return f"the event loop has not turned for {seconds:.0f} s"
        if (seconds := app.admission.oldest_call()) > config.hung:
            return f"a call has run for {seconds:.0f} s, longer than {config.hung:g} s"
        return None

    with served(Management(app.models.page, serving.not_ready, live), listening):
        yield


def leave(code: int, hung: Callable[[], bool]) -> None:
    """End the process: by a regular exit, or without exit handlers if a call hangs in a thread."""
    if hung():
        _exit(code)
    sys.exit(code)


def _exit(code: int) -> None:
    sys.stdout.flush()
    os._exit(code)
