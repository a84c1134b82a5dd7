"""Several models in one replica, chosen by a request's path and loaded on demand."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Metric
from prometheus_client.registry import Collector

from axon_runtime import v2
from axon_runtime.config import Config
from axon_runtime.failures import error
from axon_runtime.http import JSON, Answer
from axon_runtime.metrics import Metrics, page
from axon_runtime.model_cache import ModelCache, ModelError
from axon_runtime.openapi import document_of_many
from axon_runtime.service import Service
from axon_runtime.side import HEALTH, OK, SERVER, trimmed


class _Route(NamedTuple):
    name: str
    infers: bool
    cache: ModelCache

    @property
    def loaded(self) -> Service | None:
        return self.cache.use(self.name)

    async def load(self) -> Service:
        try:
            return await self.cache.get(self.name)
        except ModelError as error:
            raise ModelError(f"{self.name} cannot be loaded: {error}") from None


class ManyModels:
    """Models of a replica."""

    def __init__(self, config: Config, prepare: Callable[[Config, Metrics], Service]) -> None:
        """Load models up to the maximum number of loaded models.

        Raises:
            LoadError: when one of them cannot be loaded.
        """
        self._config, self._prepare = config, prepare
        self.metrics = {name: Metrics(name) for name in config.models}
        self._own = CollectorRegistry()
        self._loads = Counter("axon_model_loads", "Models loaded", ["model"], registry=self._own)
        loaded = Gauge(
            "axon_models_loaded",
            "Models that are loaded now",
            registry=self._own,
            multiprocess_mode="livesum",
        )
        self._cache = ModelCache(self._make, config.cache_size or len(config.models), loaded.set)
        for name, metrics in self.metrics.items():
            metrics.queue.set_function(partial(self._waiting, name))
        for name in list(config.models)[: config.cache_size]:
            self._cache.load_now(name)

    def route(self, method: str, path: str) -> _Route | None:
        """Return the prediction route of a request, or None for other requests."""
        name, inner = _split(path)
        if method != "POST" or name not in self.metrics:
            return None
        known = v2.unversioned(inner)
        if known == "/":
            return _Route(name, False, self._cache)
        return _Route(name, True, self._cache) if known == f"{v2.MODELS}{name}/infer" else None

    async def side(self, method: str, path: str) -> Answer:
        """Return the response to a request other than a prediction."""
        path = trimmed(path)
        if path in HEALTH:
            return OK
        if path == "/v2":
            return SERVER
        if path == "/openapi.json" and self._config.limits.openapi:
            document = document_of_many(self._config.name, list(self._config.models))
            return Answer(200, msgspec.json.encode(document), [JSON])
        name, inner = _split(path)
        if name in self.metrics:
            return await self._of(name, method, inner)
        names = ", ".join(self._config.models)
        if path != "/" or method not in ("GET", "HEAD"):
            return error(404, f"no such model (POST /NAME predicts; there are {names})")
        body = {"models": list(self._config.models), "loaded": self._cache.loaded}
        return Answer(200, msgspec.json.encode(body), [JSON])

    def page(self) -> bytes:
        """Return the metrics of all models, for Prometheus."""
        return page(_Merged(self._own, self.metrics))

    async def _of(self, name: str, method: str, inner: str) -> Answer:
        """Return the response to a request about one model, which is loaded for its description."""
        model = f"{v2.MODELS}{name}"
        known = v2.unversioned(inner)
        if known is None:
            return error(404, f"no such version (there is {model}/versions/{v2.VERSION})")
        known = trimmed(known)
        if known in ("/", model, f"{model}/infer") and method not in ("GET", "HEAD", "POST"):
            return error(405, "the method is not allowed here (POST predicts)")
        if known in (f"{model}/ready", *HEALTH):
            failure = self._cache.failure(name)
            return error(503, f"{name} cannot be loaded: {failure}") if failure else OK
        if known == "/v2":
            return SERVER
        if known in ("/", model):
            service = await _Route(name, False, self._cache).load()
            description = v2.metadata(name, service.platform, service.inputs, service.outputs)
            return Answer(200, description, [JSON])
        return error(404, f"no such path (POST /{name} predicts, {model} describes the model)")

    def _make(self, name: str) -> Service:
        config = msgspec.structs.replace(self._config, name=name, model=self._config.models[name])
        service = self._prepare(config, self.metrics[name])
        self._loads.labels(name).inc()
        return service

    def _waiting(self, name: str) -> int:
        service = self._cache.peek(name)
        return service.executor.waiting if service else 0


class _Merged(Collector):
    """Combined metrics page of all models."""

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
    """Return the model's name in a path, and the remaining path inside of the model."""
    if path.startswith(v2.MODELS):
        return path.removeprefix(v2.MODELS).partition("/")[0], path
    name, _, rest = path.removeprefix("/").partition("/")
    return name, f"/{rest}"
