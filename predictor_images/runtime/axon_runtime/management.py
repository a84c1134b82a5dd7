"""Management port: liveness, readiness and metrics. The gateway cannot reach this port.

A separate thread serves the port, so that it responds whatever the model does.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import uvicorn

from axon_runtime.connection import IDLE_SECONDS, connection_class
from axon_runtime.failures import error
from axon_runtime.http import TEXT, Answer, App, Receive, Scope, Send
from axon_runtime.metrics import CONTENT_TYPE
from axon_runtime.sending import send_answer
from axon_runtime.side import OK, trimmed


class Management:
    """Application of probes and metrics."""

    def __init__(
        self, page: Callable[[], bytes], ready: Callable[[], str | None], live: Callable[[], str | None]
    ) -> None:
        """Create the application from functions: the metrics page; the reason for not being ready; the
        reason for not being live. A reason of None means ready or live.
        """
        self._page, self._ready, self._live = page, ready, live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await send_answer(send, self._answer(trimmed(scope["path"])), b"management")

    def _answer(self, path: str) -> Answer:
        if path == "/metrics":
            return Answer(200, self._page(), [(b"content-type", CONTENT_TYPE.encode())])
        if path not in ("/ready", "/live"):
            return error(404, "no such path (there are /ready, /live and /metrics)")
        reason = self._live() or (self._ready() if path == "/ready" else None)
        return Answer(503, f"{reason}\n".encode(), [TEXT]) if reason else OK


def uvicorn_config(app: object, grace: float, **more: object) -> uvicorn.Config:
    """Return the common settings of uvicorn; `grace`: seconds for requests in flight during a shutdown."""
    options: dict[str, object] = {
        "loop": "uvloop",
        "http": connection_class(),
        "ws": "none",
        "lifespan": "off",
        "access_log": False,
        "log_config": None,
        "date_header": False,
        "server_header": False,
        "proxy_headers": False,
        "backlog": 4096,
        "timeout_keep_alive": IDLE_SECONDS,
        "timeout_graceful_shutdown": grace,
    }
    return uvicorn.Config(app, **{**options, **more})  # pyright: ignore[reportArgumentType]


@contextmanager
def served(app: App, listening: socket.socket) -> Iterator[None]:
    """Serve an application on a socket inside of the context, in the running event loop."""
    server = _Quiet(uvicorn_config(app, grace=1))
    task = asyncio.ensure_future(server.serve([listening]))
    try:
        yield
    finally:
        task.cancel()


class _Quiet(uvicorn.Server):
    """Server that leaves signals to the process."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Capture no signals."""
        return nullcontext()
