"""What a process serves, and how."""

import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable

import uvicorn

from axon_runtime.app import App
from axon_runtime.config import GRACEFUL_SECONDS, Config
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
    with contextlib.suppress(KeyboardInterrupt):
        server.run([listening] if listening else None)
