"""Sending of complete responses: small ones at once, large ones at the rate of their clients."""

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from axon_runtime.http import CLOSE, Answer, Send

# A large response is passed to the connection in parts: the unread rest stays in the budget.
_PART = 64 * 1024


async def send_answer(send: Send, answer: Answer, request_id: bytes) -> None:
    """Send a response with the id of its request. A large one is sent as fast as the client reads."""
    body, headers = answer.body, [*answer.headers, (b"x-request-id", request_id)]
    if answer.status not in (204, 304):
        headers.append((b"content-length", b"%d" % len(body)))
    cycle = getattr(send, "__self__", None)  # uvicorn's request, unless a middleware is in between
    if (
        isinstance(cycle, RequestResponseCycle)
        and len(body) <= _PART
        and _at_once(cycle, answer.status, headers, body)
    ):
        return
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if len(body) <= _PART:
        await send({"type": "http.response.body", "body": body})
        return
    whole = memoryview(body)
    for start in range(0, len(body), _PART):
        more = start + _PART < len(body)
        await send({"type": "http.response.body", "body": whole[start : start + _PART], "more_body": more})


def _at_once(
    cycle: RequestResponseCycle, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> bool:
    """Write a complete small response with valid headers: `cycle.send` in one step, without its checks.

    False: the caller must use `cycle.send`, since a response has begun or the client reads slowly.
    """
    if cycle.response_started or cycle.disconnected or cycle.flow.write_paused:
        return False
    if CLOSE in headers:
        cycle.keep_alive = False
    elif not cycle.keep_alive:
        headers = [*headers, CLOSE]
    lines = [b"%b: %b\r\n" % header for header in headers]
    sent = b"" if cycle.scope["method"] == "HEAD" else body
    cycle.transport.write(b"".join((STATUS_LINE[status], *lines, b"\r\n", sent)))
    cycle.waiting_for_100_continue = False
    cycle.response_started = cycle.response_complete = True
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True
