"""A connection of a client: uvicorn's protocol, with limits on what it reads before the application is asked.

Time and size of a request's head, the time of an idle connection and the number of connections are bounded
here; from its head on a request belongs to the application (app.py), which this tells of a client that goes.
"""

import asyncio
import resource
import sys
from collections import OrderedDict
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from axon_runtime.logs import LimitedLog

IDLE_SECONDS = 75
"""How long a connection is kept without a request. Longer than the gateway keeps it (60 s), so that the
replica never closes a connection on which the gateway is just sending a request."""

HEAD_SECONDS = 10
"""From the first byte of a request's head to its last."""

HEAD_BYTES = 64 * 1024
"""Of the target and all headers together: a little more than the gateway's own limit (Envoy's 60 KiB)."""

TARGET_BYTES = 8 * 1024
"""Of path and query: the least that servers should take (RFC 9110, 4.1)."""

HEADERS = 100
"""Headers of a request (Envoy's default)."""

# File descriptors beside those of connections.
_SPARE_FILES = 64
_MOST_CONNECTIONS = 4096
_log = LimitedLog()


def most_connections() -> int:
    """Return how many connections a process takes: what its open files allow, and 4096 at most."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(_MOST_CONNECTIONS, max(1, soft - _SPARE_FILES))


class Connections:
    """The connections of a process. One more than there may be ends the one that is idle for longest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open = 0
        self._idle: OrderedDict[Connection, None] = OrderedDict()

    def opened(self, connection: "Connection") -> None:
        """Count a connection, which is idle."""
        self._open += 1
        if self._open > self._most:
            longest = next(iter(self._idle), connection)
            longest.transport.abort()
        self.idle(connection)

    def closed(self, connection: "Connection") -> None:
        """Count it no longer."""
        self._open -= 1
        self._idle.pop(connection, None)

    def idle(self, connection: "Connection") -> None:
        """Note that a connection has no request."""
        self._idle[connection] = None

    def busy(self, connection: "Connection") -> None:
        """Note that the head of a request has come."""
        self._idle.pop(connection, None)


class _HeadError(Exception):
    """A request's head is larger than it may be."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Connection(HttpToolsProtocol):
    """One connection."""

    shared: Connections  # set by `connection_class`

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )
        self.shared.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the request under way: nobody waits for its answer."""
        self.shared.closed(self)
        self._head_ended()
        self._unset_keepalive_if_required()
        waited = not self._is_idle()
        super().connection_lost(exc)
        if waited and self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Take bytes; the head of a request that is not whole has so long to become so."""
        super().data_received(data)
        if self._head_timer is None and self._is_idle() and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_too_slow)

    def on_message_begin(self) -> None:
        """Begin to count a head."""
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        super().on_url(url)
        self._count(len(url))
        if len(self.url) > TARGET_BYTES:
            raise _HeadError(414, f"the target is larger than {TARGET_BYTES} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._count(len(name) + len(value))
        if len(self.headers) >= HEADERS:
            raise _HeadError(431, f"there are more than {HEADERS} headers")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Give the request to the application, which counts its time from now."""
        self._head_ended()
        self.shared.busy(self)
        self.scope["head_at"] = self.loop.time()  # type: ignore[typeddict-unknown-key]
        self.scope["connection"] = self  # type: ignore[typeddict-unknown-key]
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        if not self.pipeline and not self.transport.is_closing():
            self.shared.idle(self)
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, or one whose head is too large."""
        caught = sys.exception()
        cause = caught.__context__ if caught else None  # what a callback raised in the parser
        status, text = (
            (cause.status, str(cause)) if isinstance(cause, _HeadError) else (400, "the request is not HTTP")
        )
        self._refuse(status, text)

    def timeout_keep_alive_handler(self) -> None:
        """End an idle connection, with what its client has not read."""
        self._end()

    def shutdown(self) -> None:
        """End an idle connection; the one request of another is answered first."""
        if self._is_idle():
            self._end()
        else:
            self.cycle.keep_alive = False

    def abort(self) -> None:
        """Close the connection at once: its client does not read the answer."""
        self.cycle.disconnected = True
        self.transport.abort()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        # As uvicorn's own, and the task is kept: it ends with the connection.
        self._task = self.loop.create_task(cycle.run_asgi(app))
        self._task.add_done_callback(self.tasks.discard)
        self.tasks.add(self._task)

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _count(self, count: int) -> None:
        self._head_bytes += count
        if self._head_bytes > HEAD_BYTES:
            raise _HeadError(431, f"the headers are larger than {HEAD_BYTES} bytes")

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
        if not self._is_idle():  # an answer may be half sent
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


def connection_class() -> type[Connection]:
    """Return the protocol of one server's connections."""
    shared = Connections(most_connections())
    return type("Connection", (Connection,), {"shared": shared})
