"""Minimal HTTP for an ASGI application: complete requests and complete responses."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, NamedTuple

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

CLOSE = (b"connection", b"close")
"""Header of a response to a request that was not completely read: no request can follow on its connection."""

JSON = (b"content-type", b"application/json")
TEXT = (b"content-type", b"text/plain; charset=utf-8")

# Time for a body to arrive, in addition to its request's deadline: a base in seconds, plus time for each byte
# that has arrived. Apache's defaults: https://httpd.apache.org/docs/2.4/mod/mod_reqtimeout.html
_BODY_SECONDS = 20
_LEAST_RATE = 500  # bytes per second


class ClientGoneError(Exception):
    """The client closed its connection and will not read the response."""


class SlowBodyError(Exception):
    """The body arrives below the minimum rate. The text is one line."""

    def __init__(self) -> None:
        super().__init__("the body of the request came too slowly")


class TooLargeError(Exception):
    """The body exceeds the maximum size. The text is one line."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is larger than {limit} bytes (server.max_body_size)")


class Answer(NamedTuple):
    """A complete response."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]]


def header(headers: Headers, name: bytes) -> str | None:
    """Return a header by its lower-case name, or None."""
    for key, value in headers:
        if key == name:
            return value.decode("latin-1")
    return None


async def read_body(length: bytes | None, receive: Receive, limit: int, take: Callable[[int], None]) -> bytes:
    """Return the complete body of a request, limited to the given number of bytes; `length` is its
    Content-Length.

    `take` is called with the size of each part of a body that arrives in several; an exception from it ends
    the reading.

    Raises:
        ClientGoneError: when the client disconnects before the end of the body.
        SlowBodyError: when the body arrives below the minimum rate.
        TooLargeError: when the body, or its declared length, exceeds the limit.
    """
    if length is not None and int(length) > limit:  # the server has rejected any other text
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
