"""The ASGI application: routes, the limit of requests in flight, request ids, counting."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable

import msgspec

from axon_runtime import v2
from axon_runtime.answer import AnswerError, HttpError
from axon_runtime.call import Call
from axon_runtime.config import Config
from axon_runtime.http import (
    JSON,
    Answer,
    ClientGoneError,
    Receive,
    Scope,
    Send,
    TooLargeError,
    header,
    read_body,
    send_answer,
)
from axon_runtime.logs import log
from axon_runtime.metrics import CONTENT_TYPE, Metrics
from axon_runtime.openapi import document
from axon_runtime.payload import PayloadError
from axon_runtime.places import Places
from axon_runtime.saved import BadInputError, LoadError
from axon_runtime.service import Request, Service
from axon_runtime.tracker import Tracker

_CLIENTS = (BadInputError, PayloadError, v2.ProtocolError)
_FULL = msgspec.json.encode({"error": "too many requests: this replica's queue is full"})


class App:
    """One model over HTTP."""

    def __init__(
        self, config: Config, service: Service, metrics: Metrics, places: Places | None = None
    ) -> None:
        """Take what is served; processes that share a limit share `places`."""
        self._config, self._service, self._metrics, self._places = config, service, metrics, places
        self._in_flight = 0
        self._infer_path = f"{v2.MODELS}{config.name}/infer"
        self._most = config.limits.most
        metrics.in_flight.set_function(lambda: self._in_flight)
        metrics.queue.set_function(lambda: service.executor.waiting)

    @property
    def waiting(self) -> int:
        """Requests that wait for the model."""
        return self._service.executor.waiting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (https://asgi.readthedocs.io/en/latest/specs/www.html)."""
        start = time.perf_counter()
        request_id = (header(scope["headers"], b"x-request-id") or os.urandom(16).hex()).encode("latin-1")
        path = v2.unversioned(scope["path"])
        handler = self._handler(scope["method"], path)
        if handler is None:
            answer = await self._side(scope["method"], path)
            await send_answer(send, answer, request_id)
            return
        if self._in_flight >= self._most or (self._places is not None and not self._places.take()):
            answer = Answer(503, _FULL, [JSON, (b"retry-after", b"1")])
        else:
            self._in_flight += 1
            if self._places is not None:
                self._metrics.in_flight.set(self._in_flight)
            try:
                answer = await self._answer(handler, scope, receive, request_id)
            except ClientGoneError:
                self._metrics.answered(499, time.perf_counter() - start)
                return
            finally:
                self._in_flight -= 1
                if self._places is not None:
                    self._metrics.in_flight.set(self._in_flight)
                    self._places.give()
        await send_answer(send, answer, request_id)
        seconds = time.perf_counter() - start
        self._metrics.answered(answer.status, seconds)
        if self._config.limits.log_requests:
            milliseconds = round(seconds * 1000, 3)
            log("info", "answered", **self._who(scope, request_id), status=answer.status, ms=milliseconds)

    def _who(self, scope: Scope, request_id: bytes) -> dict[str, str]:
        """Return what makes a line of the log findable: by request, by trace, by model."""
        found = {
            "model": self._config.name,
            "path": scope["path"],
            "request_id": request_id.decode("latin-1"),
        }
        # https://www.w3.org/TR/trace-context/#traceparent-header
        trace = header(scope["headers"], b"traceparent")
        return {**found, "traceparent": trace} if trace else found

    async def warm_up(self, sample: bytes) -> None:
        """Answer a sample before the first request: what loads late has loaded, and what fails shows.

        Raises:
            LoadError: when the model does not answer it.
        """
        scope = {"headers": [(b"content-type", b"application/json")], "query_string": b""}
        try:
            answer = await self._run(self._service.predict(Request(scope, sample)))
        except Exception as error:
            raise LoadError(f"sample.json is not answered: {type(error).__name__}: {error}") from error
        if answer.status >= 400:
            raise LoadError(f"sample.json is answered {answer.status}: {answer.body[:200]!r}")

    def track(self, tracker: Tracker | None) -> None:
        """Count predictions from now on: the sample was asked for by nobody."""
        self._service.tracker = tracker

    def _handler(self, method: str, path: str | None) -> "Handler | None":
        if method != "POST":
            return None
        if path == "/":
            return self._predict
        return self._infer if path == self._infer_path else None

    async def _answer(self, handler: "Handler", scope: Scope, receive: Receive, request_id: bytes) -> Answer:
        try:
            body = await read_body(scope, receive, self._config.limits.max_body_size)
            return await self._within_time(handler(scope, body), receive)
        except _CLIENTS as error:
            return _error(400, str(error))
        except HttpError as error:
            return _error(error.status_code, str(error.detail))
        except TooLargeError as error:
            # The rest stays unread, so nothing can follow on this connection.
            return _error(413, str(error), (b"connection", b"close"))
        except TimeoutError:
            return _error(504, f"no answer within {self._config.limits.request_timeout:g} s")
        except ClientGoneError:
            raise
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            log("error", what, **self._who(scope, request_id))
            shown = what if isinstance(error, AnswerError) else "the predictor failed (see its log)"
            return _error(500, shown)

    async def _within_time(self, running: Awaitable[Answer], receive: Receive) -> Answer:
        """Await an answer for as long as the client does, and no longer than the timeout."""
        if self._service.executor.quick:
            return await running
        task = asyncio.ensure_future(running)
        gone = asyncio.ensure_future(receive())
        timeout = self._config.limits.request_timeout
        try:
            await asyncio.wait((task, gone), timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise ClientGoneError if gone.done() else TimeoutError
        finally:
            task.cancel()
            gone.cancel()

    async def _predict(self, scope: Scope, body: bytes) -> Answer:
        return await self._run(self._service.predict(Request(scope, body)))

    async def _infer(self, scope: Scope, body: bytes) -> Answer:
        return await self._run(self._service.infer(Request(scope, body)))

    async def _run(self, call: Call) -> Answer:
        return call.encode(await self._service.executor.submit(call.input, rows=call.rows))

    async def _side(self, method: str, path: str | None) -> Answer:
        """Answer what is asked beside predictions: health, metadata, metrics."""
        model = f"{v2.MODELS}{self._config.name}"
        if path is None:
            return _error(404, f"no such version (there is {model}/versions/{v2.VERSION})")
        path = path.rstrip("/") or "/"
        if path in ("/", model, f"{model}/infer") and method not in ("GET", "HEAD", "POST"):
            return _error(405, f"{method} is not allowed here")
        if path in ("/ready", "/live", "/v2/health/live", "/v2/health/ready", f"{model}/ready"):
            return Answer(200, b"ok\n", [(b"content-type", b"text/plain; charset=utf-8")])
        if path == "/metrics":
            return Answer(200, self._metrics.text(), [(b"content-type", CONTENT_TYPE.encode())])
        if path == "/":
            return Answer(200, self._metadata(), [JSON])
        if path == "/openapi.json":
            return Answer(200, msgspec.json.encode(document(self._config.name, self._service)), [JSON])
        if path == "/v2":
            extensions = ["binary_tensor_data"]
            body = {"name": "axon", "version": "2", "extensions": extensions}
            return Answer(200, msgspec.json.encode(body), [JSON])
        if path == model:
            return Answer(200, self._metadata(), [JSON])
        return _error(404, f"{path}: no such path (POST / predicts, {model} describes the model)")

    def _metadata(self) -> bytes:
        service = self._service
        return v2.metadata(self._config.name, service.platform, service.inputs, service.outputs)


Handler = Callable[[Scope, bytes], Awaitable[Answer]]


def _error(status: int, message: str, *headers: tuple[bytes, bytes]) -> Answer:
    return Answer(status, msgspec.json.encode({"error": message}), [JSON, *headers])
