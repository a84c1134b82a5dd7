"""Client connection: uvicorn's protocol, with limits on the data read before the application is called.

This module limits time and size of a request's head, idle time and the number of connections. After its head,
a request belongs to the application (app.py), which is notified when the client disconnects.
"""

import asyncio
import resource
import sys
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from axon_runtime.logs import LimitedLog

IDLE_SECONDS = 75
"""Idle timeout of a connection. Longer than the gateway's (60 s), so that the replica never closes a
connection on which the gateway is sending a request.
"""

HEAD_SECONDS = 10
"""Timeout from the first byte of a request's head to the last."""

HEAD_BYTES = 64 * 1024
"""Maximum size of the target and all headers: slightly more than the gateway's own limit (Envoy's 60 KiB)."""

TARGET_BYTES = 8 * 1024
"""Maximum length of path and query: the minimum that servers should support (RFC 9110, 4.1)."""

HEADERS = 100
"""Maximum number of headers of a request (Envoy's default)."""

# File descriptors reserved for other uses than connections.
_SPARE_FILES = 64
_MOST_CONNECTIONS = 4096
_TOO_LARGE = (431, f"the headers are larger than {HEAD_BYTES} bytes")
_log = LimitedLog()


def most_connections() -> int:
    """Return the maximum number of connections of a process: limited by its open files, and at most 4096."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(_MOST_CONNECTIONS, max(1, soft - _SPARE_FILES))


class _HeadError(Exception):
    """A request's head exceeds a limit."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Connection(HttpToolsProtocol):
    """Client connection with limits."""

    most: int  # set by `connection_class`

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0  # received since the last request, including the start of its body
        self._head_timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request. A connection above the limit closes the one with the longest idle time."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )
        if len(self.connections) > self.most:
            _longest_idle(self).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the request in flight: its client is gone."""
        self._head_ended()
        self._unset_keepalive_if_required()
        waited = not self._is_idle()
        super().connection_lost(exc)
        if waited and self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Process received bytes; the size and time of a request's head are limited."""
        if self.cycle is None or self.cycle.response_complete:
            self._head_bytes += len(data)
        super().data_received(data)
        if (self.cycle is None or self.cycle.response_complete) and not self.transport.is_closing():
            if self._head_bytes > HEAD_BYTES:
                self._refuse(*_TOO_LARGE)
            elif self._head_timer is None:
                self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_too_slow)

    def on_headers_complete(self) -> None:
        """Pass the request to the application; its timeout begins now."""
        if self._head_timer is not None:
            self._head_ended()
        if len(self.url) > TARGET_BYTES:
            raise _HeadError(414, f"the target is larger than {TARGET_BYTES} bytes")
        if len(self.headers) > HEADERS:
            raise _HeadError(431, f"there are more than {HEADERS} headers")
        if self._head_bytes > HEAD_BYTES and sum(len(name) + len(value) for name, value in self.headers) > (
            HEAD_BYTES - len(self.url)
        ):
            raise _HeadError(*_TOO_LARGE)
        self._head_bytes = 0
        self.scope["head_at"] = self.loop.time()  # type: ignore[typeddict-unknown-key]
        self.scope["connection"] = self  # type: ignore[typeddict-unknown-key]
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Reject an invalid request, or one with a head above the limits."""
        caught = sys.exception()
        cause = caught.__context__ if caught else None  # exception of a callback, inside of the parser
        status, text = (
            (cause.status, str(cause)) if isinstance(cause, _HeadError) else (400, "the request is not HTTP")
        )
        self._refuse(status, text)

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, dropping data that its client has not read."""
        self._end()

    def shutdown(self) -> None:
        """Close an idle connection; an active one completes its request first."""
        if self._is_idle():
            self._end()
        else:
            self.cycle.keep_alive = False

    def abort(self) -> None:
        """Close the connection at once: its client does not read the response."""
        self.cycle.disconnected = True
        self.transport.abort()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        # As in uvicorn, but the task is kept: it ends with the connection.
        self._task = self.loop.create_task(cycle.run_asgi(app))
        self._task.add_done_callback(self.tasks.discard)
        self.tasks.add(self._task)

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _head_ended(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._refuse(408, f"the head of the request took longer than {HEAD_SECONDS} s")

    def _refuse(self, status: int, text: str) -> None:
        _log("warning", text, status=status)
        if not self._is_idle():  # a response may be partly sent
            self.transport.abort()
            return
        body = b'{"error":"%s"}' % text.encode()
        head = b"HTTP/1.1 %d \r\ncontent-type: application/json\r\nconnection: close\r\n" % status
        self.transport.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        self._end()

    def _end(self) -> None:
        if self.transport.is_closing():
            return
        self.transport.close()
        if self.transport.get_write_buffer_size():
            self.loop.call_later(HEAD_SECONDS, self.transport.abort)


def _longest_idle(newest: Connection) -> Connection:
    """Return the connection with the longest idle time, or the newest if all others have a request."""
    waiting = [
        (one.timeout_keep_alive_task.when(), one)
        for one in newest.connections
        if isinstance(one, Connection) and one.timeout_keep_alive_task is not None
    ]
    return min(waiting, key=lambda found: found[0])[1] if waiting else newest


def connection_class() -> type[Connection]:
    """Return the protocol class of one server's connections."""
    return type("Connection", (Connection,), {"most": most_connections()})
