"""Replica with one model, and its paths."""

from typing import NamedTuple

import msgspec

from axon_runtime import v2
from axon_runtime.config import Config
from axon_runtime.failures import error
from axon_runtime.http import JSON, Answer
from axon_runtime.metrics import Metrics
from axon_runtime.openapi import document
from axon_runtime.service import Service
from axon_runtime.side import HEALTH, OK, SERVER, trimmed


class _Route(NamedTuple):
    name: str
    infers: bool
    loaded: Service

    async def load(self) -> Service:
        return self.loaded


class SingleModel:
    """One loaded model."""

    def __init__(self, config: Config, service: Service, metrics: Metrics) -> None:
        self._config, self._service = config, service
        self.metrics = {config.name: metrics}
        self._path = f"{v2.MODELS}{config.name}"
        self._predict = _Route(config.name, False, service)
        self._infer = _Route(config.name, True, service)
        metrics.queue.set_function(lambda: service.executor.waiting)

    def route(self, method: str, path: str) -> _Route | None:
        """Return the prediction route of a request, or None for other requests."""
        if method != "POST":
            return None
        if path == "/":
            return self._predict
        return self._infer if v2.unversioned(path) == f"{self._path}/infer" else None

    async def side(self, method: str, path: str) -> Answer:
        """Return the response to a request other than a prediction."""
        known = v2.unversioned(path)
        if known is None:
            return error(404, f"no such version (there is {self._path}/versions/{v2.VERSION})")
        known = trimmed(known)
        if known in ("/", self._path, f"{self._path}/infer") and method not in ("GET", "HEAD", "POST"):
            return error(405, "the method is not allowed here (POST predicts)")
        if known in ("/", self._path):
            return Answer(200, self._metadata(), [JSON])
        if known in (*HEALTH, f"{self._path}/ready"):
            return OK
        if known == "/v2":
            return SERVER
        if known == "/openapi.json" and self._config.limits.openapi:
            return Answer(200, msgspec.json.encode(document(self._config.name, self._service)), [JSON])
        return error(404, f"no such path (POST / predicts, {self._path} describes the model)")

    def page(self) -> bytes:
        """Return the metrics, for Prometheus."""
        return self.metrics[self._config.name].text()

    def _metadata(self) -> bytes:
        service = self._service
        return v2.metadata(self._config.name, service.platform, service.inputs, service.outputs)
