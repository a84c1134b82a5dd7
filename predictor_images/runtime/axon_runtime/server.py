"""What a process serves, and how."""

import gc
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext, suppress

import uvicorn

from axon_runtime.app import App
from axon_runtime.config import GRACEFUL_SECONDS, Config
from axon_runtime.http import App as Served
from axon_runtime.load import prepare
from axon_runtime.many import ManyApp
from axon_runtime.metrics import Metrics
from axon_runtime.places import Places


def application(config: Config, places: Places | None = None) -> App | ManyApp:
    """Return what answers, loaded; several processes share their places.

    Raises:
        LoadError, PredictorError: when it cannot be; the text is one line.
    """
    if config.models:
        return ManyApp(config, prepare, places)
    return prepare(config, Metrics(config.name), places)


def serve(
    app: App | ManyApp,
    config: Config,
    listening: socket.socket | None = None,
    beat: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Serve until SIGTERM; then the port closes, and the requests under way are answered.

    The event loop calls `beat` each second, while it turns.
    """
    # What is loaded stays: to look through a large model for garbage holds requests up for 30 ms.
    gc.freeze()
    with _traced(app, config) as served:
        _run(served, config, listening, beat)


def _traced(app: Served, config: Config) -> AbstractContextManager[Served]:
    if not config.traces:
        return nullcontext(app)
    from axon_runtime.tracing import traced  # its libraries are loaded by those alone that need them

    return traced(app, config.name)


def _run(
    app: Served,
    config: Config,
    listening: socket.socket | None,
    beat: Callable[[], Awaitable[None]] | None,
) -> None:
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="0.0.0.0",
            port=config.port,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_level="warning",
            date_header=False,
            server_header=False,
            backlog=4096,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
            callback_notify=beat,
            timeout_notify=1,
        )
    )

    def end(*_: object) -> None:
        server.should_exit = True

    # For a signal before uvicorn listens, and for the one that it raises again: to have ended is success.
    signal.signal(signal.SIGTERM, end)
    with suppress(KeyboardInterrupt):
        server.run([listening] if listening else None)
