"""Exchange of a prediction request and its response: owner of the permit, the deadline and the memory."""

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

# Timeout for sending a response that needs no model.
_SHORT_SECONDS = 10
_WHY = {503: "refused", 504: "not answered in time"}
_ID = re.compile(rb"[\x21-\x7e]{1,128}")
_OUTCOMES = (Answer, Failed)
_limited = LimitedLog()


class Route(Protocol):
    """Model and protocol of a prediction request."""

    @property
    def name(self) -> str:
        """Name of the model."""
        ...

    @property
    def infers(self) -> bool:
        """True for the Open Inference Protocol, false for `POST /`."""
        ...

    @property
    def loaded(self) -> Service | None:
        """The model, if it is loaded."""
        ...

    async def load(self) -> Service:
        """Return the loaded model. Raises ModelError."""
        ...


class Exchange:
    """A prediction request in progress."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        self._id = _request_id(self._headers.get(b"x-request-id"))
        self._whole = False  # the body is complete
        self._begun = False  # sending of the response has started

    async def serve(self, route: Route, limits: Limits, admission: Admission, metrics: Metrics) -> None:
        """Respond before the deadline, which is counted from the request's head, and count the request."""
        start = time.perf_counter()
        loop, deadlines = asyncio.get_running_loop(), admission.deadlines
        deadline = self._scope.get("head_at", loop.time()) + limits.request_timeout
        share = Share(admission, route.name)
        deadlines.add(self, deadline, loop)
        try:
            answer = await self._answer(route, limits, share)
            if loop.time() > deadline:  # the model ran in the event loop, for longer than ever before
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
        """Send a response that needs no model, and return its status."""
        try:
            async with asyncio.timeout(_SHORT_SECONDS):
                await send_answer(self._send, answer, self._id)
        except TimeoutError:
            self._abort()
        except asyncio.CancelledError:
            return 499
        return answer.status

    async def _given_up(self, limits: Limits, *, late: bool) -> int:
        """Finish a request that was canceled, by its deadline or by a disconnected client; return the
        status.
        """
        if late and not self._begun:
            return await self.send_shortly(self._too_late(limits))
        if late:  # the client does not read the response
            self._abort()
        return 499

    async def _answer(self, route: Route, limits: Limits, share: Share) -> Answer:
        """Return the response, also after an error."""
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
        """Return the model's response to a body, or `Failed`."""
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
        if not self._whole:  # no request can follow after an incomplete one
            answer.headers.append(CLOSE)
        cause.__traceback__ = None  # its frames refer to the body, or to a large result
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
        """Return the log fields that identify the request, its trace and its model."""
        found = {"model": route.name, "path": self._scope["path"], "request_id": self._id.decode("latin-1")}
        # https://www.w3.org/TR/trace-context/#traceparent-header
        trace = self._headers.get(b"traceparent")
        return {**found, "traceparent": trace.decode("latin-1")} if trace else found


def _decompressed(coding: bytes, limit: int, body: bytes) -> bytes:
    return decoded_body(body, coding.decode("latin-1"), limit)


def _request_id(given: bytes | None) -> bytes:
    """Return the request's id from its header, if it is short and printable, otherwise a new id."""
    return given if given and _ID.fullmatch(given) else b"%032x" % getrandbits(128)
