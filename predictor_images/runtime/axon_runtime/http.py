"""The little of HTTP that an ASGI application needs: a whole request in, a whole answer out."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, NamedTuple

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

CLOSE = (b"connection", b"close")
"""Of an answer to a request that was not read to its end: nothing can follow on its connection."""

JSON = (b"content-type", b"application/json")
TEXT = (b"content-type", b"text/plain; charset=utf-8")

# The time for a body to arrive, beside its request's own deadline: so many seconds, and more for each byte
# that has arrived. Apache's defaults: https://httpd.apache.org/docs/2.4/mod/mod_reqtimeout.html
_BODY_SECONDS = 20
_LEAST_RATE = 500  # bytes a second


class ClientGoneError(Exception):
    """The client closed its connection: nobody waits for the answer."""


class SlowBodyError(Exception):
    """The body comes more slowly than it may. The text is one line."""

    def __init__(self) -> None:
        super().__init__("the body of the request came too slowly")


class TooLargeError(Exception):
    """The body is larger than it may be. The text is one line."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes (server.max_body_size)")


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]]


def header(headers: Headers, name: bytes) -> str | None:
    """Return a header, whose name is lower case, or None."""
    for key, value in headers:
        if key == name:
            return value.decode("latin-1")
    return None


async def read_body(length: bytes | None, receive: Receive, limit: int, take: Callable[[int], None]) -> bytes:
    """Return the whole body of a request, of so many bytes at most; `length` is its Content-Length.

    `take` is told of each part of a body that comes in several; what it raises ends the reading.

    Raises:
        ClientGoneError: when the client goes before it has sent all.
        SlowBodyError: when it sends more slowly than it may.
        TooLargeError: when it says that it sends more, or does.
    """
    if length is not None and int(length) > limit:  # the server has refused what is no number
        raise TooLargeError(limit)
    message = await receive()
    if length is not None and message["type"] == "http.request" and not message.get("more_body"):
        return message.get("body", b"")
    try:
        async with asyncio.timeout(_BODY_SECONDS) as time:
            return await _read_parts(message, receive, limit, take, time)
    except TimeoutError:
        raise SlowBodyError from None


async def _read_parts(
    message: MutableMapping[str, Any],
    receive: Receive,
    limit: int,
    take: Callable[[int], None],
    time: asyncio.Timeout,
) -> bytes:
    start, size = asyncio.get_running_loop().time(), 0
    parts: list[bytes] = []
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise TooLargeError(limit)
        take(len(part))
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
        time.reschedule(start + _BODY_SECONDS + size / _LEAST_RATE)
        message = await receive()
