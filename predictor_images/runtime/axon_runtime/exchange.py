"""One request for a prediction and its answer: the owner of its place, its deadline and its memory."""

import asyncio
import re
import time
from functools import partial
from random import getrandbits
from typing import Any, Protocol

from axon_runtime.admission import Admission, Share
from axon_runtime.call import Failed
from axon_runtime.codec import LARGE, computed, size_of
from axon_runtime.config import Limits
from axon_runtime.encodings import decoded_body
from axon_runtime.failures import error, failed, refused
from axon_runtime.http import CLOSE, Answer, ClientGoneError, Receive, Scope, Send, read_body
from axon_runtime.logs import LimitedLog, log
from axon_runtime.memory import decoded_size
from axon_runtime.metrics import Metrics
from axon_runtime.sending import send_answer
from axon_runtime.service import Request, Service

# What is said without the model takes no longer to send.
_SHORT_SECONDS = 10
_WHY = {503: "refused", 504: "not answered in time"}
_ID = re.compile(rb"[\x21-\x7e]{1,128}")
_OUTCOMES = (Answer, Failed)
_limited = LimitedLog()


class Route(Protocol):
    """Whose prediction a request asks for, and by which protocol."""

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    @property
    def infers(self) -> bool:
        """Whether it is the Open Inference Protocol's, and not `POST /`."""
        ...

    @property
    def loaded(self) -> Service | None:
        """The model, if it is loaded."""
        ...

    async def load(self) -> Service:
        """Return the model, loaded. Raises ModelError."""
        ...


class Exchange:
    """A request for a prediction."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        self._id = _request_id(self._headers.get(b"x-request-id"))
        self._whole = False  # its body has come
        self._begun = False  # to send the answer

    async def serve(self, route: Route, limits: Limits, admission: Admission, metrics: Metrics) -> None:
        """Answer it before its deadline, which counts from its head, and count it."""
        start = time.perf_counter()
        loop, deadlines = asyncio.get_running_loop(), admission.deadlines
        deadline = self._scope.get("head_at", loop.time()) + limits.request_timeout
        share = Share(admission, route.name)
        deadlines.add(self, deadline, loop)
        try:
            answer = await self._answer(route, limits, share)
            if loop.time() > deadline:  # the model ran in the event loop, for longer than it ever had
                answer = self._too_late(limits)
            self._begun = True
            await send_answer(self._send, answer, self._id)
            status = answer.status
        except (asyncio.CancelledError, ClientGoneError):
            late = not deadlines.remove(self)
            status = await self._given_up(limits, late=late)
        finally:
            deadlines.remove(self)
            share.give_back()
        seconds = time.perf_counter() - start
        metrics.answered(status, seconds)
        if status in _WHY:
            _limited("warning", _WHY[status], **self._who(route), status=status)
        elif limits.log_requests:
            log("info", "answered", **self._who(route), status=status, ms=round(seconds * 1000, 3))

    async def send_shortly(self, answer: Answer) -> int:
        """Send an answer that needs no model, and return its status."""
        try:
            async with asyncio.timeout(_SHORT_SECONDS):
                await send_answer(self._send, answer, self._id)
        except TimeoutError:
            self._abort()
        except asyncio.CancelledError:
            return 499
        return answer.status

    async def _given_up(self, limits: Limits, *, late: bool) -> int:
        """End what was cancelled, by its deadline or since the client has gone; return the status."""
        if late and not self._begun:
            return await self.send_shortly(self._too_late(limits))
        if late:  # its client does not read the answer
            self._abort()
        return 499

    async def _answer(self, route: Route, limits: Limits, share: Share) -> Answer:
        """Return the answer, whatever goes wrong."""
        try:
            share.expect()
            length = self._headers.get(b"content-length")
            body = await read_body(length, self._receive, limits.max_body_size, share.take)
            self._whole = True
            if coding := self._headers.get(b"content-encoding"):
                body = await computed(partial(_decompressed, coding, limits.max_body_size), body)
            share.take(decoded_size(body))
            share.enter()
            outcome = await self._outcome(route, body)
            if type(outcome) is not Answer:
                return self._unserved(route, outcome.error)
            if len(outcome.body) > LARGE:
                share.take(len(outcome.body))
            return outcome
        except ClientGoneError:
            raise
        except Exception as cause:
            return self._unserved(route, cause)

    async def _outcome(self, route: Route, body: bytes) -> Any:
        """Return the model's answer to a body, or `Failed`."""
        service, size = route.loaded or await route.load(), len(body)
        decode = service.infer if route.infers else service.predict
        request = Request(self._scope, body)
        call = decode(request) if size < LARGE else await computed(decode, request)
        outcome = await service.executor.run(call, size)
        if type(outcome) in _OUTCOMES:
            return outcome
        return call.encode(outcome) if size_of(outcome) < LARGE else await computed(call.encode, outcome)

    def _unserved(self, route: Route, cause: BaseException) -> Answer:
        answer = refused(cause) or failed(cause, _limited, **self._who(route))
        if not self._whole:  # nothing can follow on a connection whose request was not read to its end
            answer.headers.append(CLOSE)
        cause.__traceback__ = None  # its frames hold the body, or a large result
        return answer

    def _too_late(self, limits: Limits) -> Answer:
        if not self._whole:
            return error(408, f"the request was not whole within {limits.request_timeout:g} s", CLOSE)
        return error(504, f"no answer within {limits.request_timeout:g} s")

    def _abort(self) -> None:
        connection = self._scope.get("connection")
        if connection is not None:
            connection.abort()

    def _who(self, route: Route) -> dict[str, Any]:
        """Return what makes a line of the log findable: by request, by trace, by model."""
        found = {"model": route.name, "path": self._scope["path"], "request_id": self._id.decode("latin-1")}
        # https://www.w3.org/TR/trace-context/#traceparent-header
        trace = self._headers.get(b"traceparent")
        return {**found, "traceparent": trace.decode("latin-1")} if trace else found


def _decompressed(coding: bytes, limit: int, body: bytes) -> bytes:
    return decoded_body(body, coding.decode("latin-1"), limit)


def _request_id(given: bytes | None) -> bytes:
    """Return the id that a request came with, if it is short and printable, or a new one."""
    return given if given and _ID.fullmatch(given) else b"%032x" % getrandbits(128)
