"""Several models in one replica, each an application of its own, chosen by a request's path."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Metric
from prometheus_client.registry import Collector

from axon_runtime import v2
from axon_runtime.app import App
from axon_runtime.config import Config
from axon_runtime.http import JSON, Answer, Receive, Scope, Send, header, send_answer
from axon_runtime.metrics import CONTENT_TYPE, SHARED, Metrics, page
from axon_runtime.model_cache import RETRY_SECONDS, ModelCache, ModelError
from axon_runtime.openapi import document_of_many
from axon_runtime.places import Places

_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_HEALTH = ("/ready", "/live", "/v2/health/live", "/v2/health/ready")


class ManyApp:
    """The models of a replica over HTTP."""

    def __init__(
        self,
        config: Config,
        prepare: Callable[[Config, Metrics], App],
        places: Places | None = None,
    ) -> None:
        """Load as many models as may be loaded at once.

        Raises:
            LoadError: when one of them cannot be.
        """
        self._config, self._prepare, self._places = config, prepare, places
        self._metrics = {name: Metrics(name) for name in config.models}
        self._in_flight, self._all_in_flight = dict.fromkeys(config.models, 0), 0
        self._own = CollectorRegistry()
        self._loads = Counter("axon_model_loads", "Models loaded", ["model"], registry=self._own)
        loaded = Gauge(
            "axon_models_loaded",
            "Models that are loaded now",
            registry=self._own,
            multiprocess_mode="livesum",
        )
        self._cache = ModelCache(self._make, config.cache_size or len(config.models), loaded.set)
        for name in config.models:
            self._watch(name)
        for name in list(config.models)[: config.cache_size]:
            self._cache.load_now(name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request: give it to its model, once that is loaded."""
        path = scope["path"].rstrip("/") or "/"
        name, inner = _split(path)
        if path in ("/", *_HEALTH, "/metrics", "/openapi.json", "/v2"):
            answer = self._side(path, scope["method"])
        elif name not in self._config.models:
            names = ", ".join(self._config.models)
            answer = _error(404, f"{path}: no such model (POST /NAME predicts; there are {names})")
        elif v2.unversioned(inner) in (f"{v2.MODELS}{name}/ready", "/v2/health/ready", "/ready"):
            answer = self._ready(name)
        else:
            await self._count(name, {**scope, "path": inner}, receive, send)
            return
        await send_answer(send, answer, _request_id(scope))

    async def _count(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, within the replica's limit if it is a prediction."""
        predicts = int(scope["method"] == "POST")
        if predicts and not self._take():
            full = _error(503, "too many requests: this replica's queue is full", retry_after=1)
            await send_answer(send, full, _request_id(scope))
            return
        self._add(name, predicts)
        try:
            await self._serve(name, scope, receive, send)
        finally:
            self._add(name, -predicts)
            if predicts and self._places is not None:
                self._places.give()

    def _take(self) -> bool:
        """Take a place in the replica's limit, if there is one."""
        if self._all_in_flight >= self._config.limits.most:
            return False
        return self._places is None or self._places.take()

    def _add(self, name: str, count: int) -> None:
        self._in_flight[name] += count
        self._all_in_flight += count
        if SHARED:
            self._metrics[name].in_flight.set(self._in_flight[name])

    async def _serve(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        start, timeout = time.perf_counter(), self._config.limits.request_timeout
        try:
            app = self._cache.use(name) or await asyncio.wait_for(self._cache.get(name), timeout)
        except ModelError as error:
            answer = _error(503, f"{name} cannot be loaded: {error}", retry_after=RETRY_SECONDS)
        except TimeoutError:
            answer = _error(504, f"{name} is not loaded within {timeout:g} s")
        else:
            await app(scope, receive, send)
            return
        await send_answer(send, answer, _request_id(scope))
        self._metrics[name].answered(answer.status, time.perf_counter() - start)

    def _make(self, name: str) -> App:
        config = msgspec.structs.replace(self._config, name=name, model=self._config.models[name])
        app = self._prepare(config, self._metrics[name])
        self._watch(name)
        self._loads.labels(name).inc()
        return app

    def _watch(self, name: str) -> None:
        """Count what a model has in flight here: also what waits for it, or began before it was dropped."""
        metrics = self._metrics[name]
        metrics.in_flight.set_function(lambda: self._in_flight[name])
        metrics.queue.set_function(lambda: app.waiting if (app := self._cache.peek(name)) else 0)

    def _ready(self, name: str) -> Answer:
        """Say whether a model can answer: one that is not loaded is loaded by the request for it."""
        failure = self._cache.failure(name)
        return (
            _error(503, f"{name} cannot be loaded: {failure}") if failure else Answer(200, b"ok\n", [_TEXT])
        )

    def _side(self, path: str, method: str) -> Answer:
        if path in _HEALTH:
            return Answer(200, b"ok\n", [_TEXT])
        if path == "/metrics":
            text = page(_Merged(self._own, self._metrics))
            return Answer(200, text, [(b"content-type", CONTENT_TYPE.encode())])
        if path == "/openapi.json":
            document = document_of_many(self._config.name, list(self._config.models))
            return Answer(200, msgspec.json.encode(document), [JSON])
        if path == "/v2":
            body = {"name": "axon", "version": "2", "extensions": ["binary_tensor_data"]}
            return Answer(200, msgspec.json.encode(body), [JSON])
        if method not in ("GET", "HEAD"):
            return _error(
                404, f"/ is no model: POST /NAME predicts; there are {', '.join(self._config.models)}"
            )
        body = {"models": list(self._config.models), "loaded": self._cache.loaded}
        return Answer(200, msgspec.json.encode(body), [JSON])


class _Merged(Collector):
    """One page of the metrics of all models."""

    def __init__(self, own: CollectorRegistry, models: Mapping[str, Metrics]) -> None:
        self._registries = [own, *(metrics.registry for metrics in models.values())]

    def collect(self) -> Iterator[Metric]:
        """Yield each metric once, with the samples of all models."""
        found: dict[str, Metric] = {}
        for registry in self._registries:
            for metric in registry.collect():
                known = found.setdefault(metric.name, metric)
                if known is not metric:
                    known.samples.extend(metric.samples)
        yield from found.values()


def _split(path: str) -> tuple[str, str]:
    """Return whom a path means, and what the model itself knows it as."""
    if path.startswith(v2.MODELS):
        return path.removeprefix(v2.MODELS).partition("/")[0], path
    name, _, rest = path.removeprefix("/").partition("/")
    return name, f"/{rest}"


def _request_id(scope: Scope) -> bytes:
    return (header(scope["headers"], b"x-request-id") or os.urandom(16).hex()).encode("latin-1")


def _error(status: int, message: str, retry_after: int | None = None) -> Answer:
    again = [(b"retry-after", b"%d" % retry_after)] if retry_after else []
    return Answer(status, msgspec.json.encode({"error": message}), [JSON, *again])
