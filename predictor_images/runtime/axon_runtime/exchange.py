"""One request for a prediction and its answer: the owner of its place, its deadline and its memory."""

import asyncio
import os
import re
import time
from typing import Any, Protocol

from axon_runtime.admission import Admission, Share
from axon_runtime.call import Failed
from axon_runtime.codec import computed, size_of
from axon_runtime.config import Limits
from axon_runtime.failures import CLOSE, FullError, MemoryFullError, error, failed, refused
from axon_runtime.http import Answer, ClientGoneError, Receive, Scope, Send, header, read_body, send_answer
from axon_runtime.logs import LimitedLog, log
from axon_runtime.memory import decoded_size
from axon_runtime.metrics import Metrics
from axon_runtime.service import Request, Service

# What is said without the model takes no longer to send.
_SHORT_SECONDS = 10
_WHY = {503: "refused", 504: "not answered in time"}
_ID = re.compile(r"[\x21-\x7e]{1,128}")
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

    async def service(self) -> Service:
        """Return the model, loaded. Raises ModelError."""
        ...


class Exchange:
    """A request for a prediction."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: bytes) -> None:
        self._scope, self._receive, self._send, self._id = scope, receive, send, request_id
        self._whole = False  # its body has come
        self._begun = False  # to send the answer

    async def serve(self, route: Route, limits: Limits, admission: Admission, metrics: Metrics) -> None:
        """Answer it, and count it."""
        start = time.perf_counter()
        share = Share(admission, route.name)
        try:
            status = await self._within_time(route, limits, admission, share)
        finally:
            share.give_back()
        seconds = time.perf_counter() - start
        metrics.answered(status, seconds)
        if status in (503, 504):
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

    async def _within_time(self, route: Route, limits: Limits, admission: Admission, share: Share) -> int:
        """Answer before the deadline, which is the request's from its head on; return the status."""
        loop = asyncio.get_running_loop()
        deadline = self._scope.get("head_at", loop.time()) + limits.request_timeout
        try:
            async with asyncio.timeout_at(deadline):
                answer = await self._answer(route, limits, admission, share)
                if loop.time() > deadline:  # the model ran in the event loop, for longer than it ever had
                    raise TimeoutError
                self._begun = True
                await send_answer(self._send, answer, self._id)
                return answer.status
        except TimeoutError:
            if self._begun:  # its client does not read it
                self._abort()
                return 499
            return await self.send_shortly(self._too_late(limits))
        except (asyncio.CancelledError, ClientGoneError):
            return 499

    async def _answer(self, route: Route, limits: Limits, admission: Admission, share: Share) -> Answer:
        try:
            outcome = await self._outcome(route, limits, admission, share)
        except ClientGoneError:
            raise
        except Exception as cause:
            return self._unserved(route, cause)
        return outcome if isinstance(outcome, Answer) else self._unserved(route, outcome.error)

    def _unserved(self, route: Route, cause: BaseException) -> Answer:
        answer = refused(cause) or failed(cause, _limited, **self._who(route))
        cause.__traceback__ = None  # its frames hold the body, or a large result
        return answer

    async def _outcome(
        self, route: Route, limits: Limits, admission: Admission, share: Share
    ) -> Answer | Failed:
        def take(count: int) -> None:
            if not share.take(count):
                raise MemoryFullError(ever=share.could_ever(count))

        if admission.full:  # known before a large body is read
            raise FullError
        body = await read_body(self._scope, self._receive, limits.max_body_size, take)
        self._whole = True
        take(decoded_size(body))
        if not share.enter():
            raise FullError
        service = await route.service()
        decode = service.infer if route.infers else service.predict
        call = await computed(len(body), decode, Request(self._scope, body))
        outcome = await service.executor.run(call, len(body))
        if not isinstance(outcome, Answer | Failed):
            outcome = await computed(size_of(outcome), call.encode, outcome)
        if isinstance(outcome, Answer):
            take(len(outcome.body))
        return outcome

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
        trace = header(self._scope["headers"], b"traceparent")
        return {**found, "traceparent": trace} if trace else found


def request_id(scope: Scope) -> bytes:
    """Return the id that a request came with, if it is short and printable, or a new one."""
    given = header(scope["headers"], b"x-request-id")
    return (given if given and _ID.fullmatch(given) else os.urandom(16).hex()).encode("latin-1")
