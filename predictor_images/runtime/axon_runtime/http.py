"""The little of HTTP that an ASGI application needs: a whole request in, a whole answer out."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, NamedTuple

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

JSON = (b"content-type", b"application/json")


class ClientGoneError(Exception):
    """The client closed its connection: nobody waits for the answer."""


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


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """Return the whole body of a request, of so many bytes at most.

    Raises:
        ClientGoneError: when the client goes before it has sent all.
        TooLargeError: when it says that it sends more, or does.
    """
    length = header(scope["headers"], b"content-length")
    if length is not None and int(length) > limit:  # the server has refused what is no number
        raise TooLargeError(limit)
    message = await receive()
    if length is not None and message["type"] == "http.request" and not message.get("more_body"):
        return message.get("body", b"")
    parts: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise TooLargeError(limit)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()


async def send_answer(send: Send, answer: Answer, request_id: bytes) -> None:
    """Send an answer, and the id of its request with it."""
    length = (b"content-length", b"%d" % len(answer.body))
    sized = [] if answer.status in (204, 304) else [length]  # there is no body to have one
    headers = [*answer.headers, *sized, (b"x-request-id", request_id)]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
