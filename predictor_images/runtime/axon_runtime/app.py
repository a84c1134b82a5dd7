"""ASGI application of the public port: predictions, health, metadata and documentation."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from axon_runtime.admission import Admission
from axon_runtime.config import Config
from axon_runtime.exchange import Exchange, Route
from axon_runtime.failures import error, refused
from axon_runtime.http import Answer, Receive, Scope, Send
from axon_runtime.memory import budget
from axon_runtime.metrics import Metrics
from axon_runtime.model_cache import ModelError
from axon_runtime.places import Places


class Models(Protocol):
    """The model of a replica, or its several models."""

    @property
    def metrics(self) -> Mapping[str, Metrics]:
        """Return the counters of each model, by name."""
        ...

    def route(self, method: str, path: str) -> Route | None:
        """Return the prediction route of a request, or None if the path is not a prediction."""
        ...

    async def side(self, method: str, path: str) -> Answer:
        """Return the response to a request other than a prediction. Raises ModelError."""
        ...

    def page(self) -> bytes:
        """Return the metrics page for Prometheus."""
        ...


class App:
    """HTTP application of the models of a replica."""

    def __init__(self, config: Config, models: Models, places: Places | None = None) -> None:
        """Create the application of loaded models; processes with a shared limit share `places`."""
        self._config, self.models, self._places = config, models, places
        memory = budget(config.memory_limit, config.limits.processes_per_replica)
        self.admission = Admission(config.limits.most, models.metrics, memory, places)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (https://asgi.readthedocs.io/en/latest/specs/www.html)."""
        method, path = scope["method"], scope["path"]
        exchange = Exchange(scope, receive, send)
        route = self.models.route(method, path)
        if route is None:
            await exchange.send_shortly(await self._side(method, path))
            return
        await exchange.serve(route, self._config.limits, self.admission, self.models.metrics[route.name])

    def turned(self) -> None:
        """Update the heartbeat; called every second by the event loop."""
        self.admission.budget.settle()
        if self._places is not None:
            self._places.beat(self.admission.oldest_call())
            self.admission.publish()

    async def _side(self, method: str, path: str) -> Answer:
        try:
            async with asyncio.timeout(self._config.limits.request_timeout):
                return await self.models.side(method, path)
        except ModelError as cause:
            return refused(cause) or error(503, str(cause))
        except TimeoutError:
            return error(504, "the model is still loading")
