"""JSON in, JSON out: `POST /` with `{"instances": [...]}` answers `{"predictions": [...]}`."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

Predict = Callable[[Any], Any]
"""Takes the instances of a request, returns as many predictions, JSON-able."""


def app(load: Callable[[], Predict]) -> Starlette:
    """Return the server of one model, which it loads before it takes the first request."""

    @asynccontextmanager
    async def lifespan(server: Starlette) -> AsyncIterator[None]:
        server.state.predict = await run_in_threadpool(load)
        yield

    routes = [
        Route("/", _predict, methods=["POST"]),
        Route("/ready", _ready),
        Route("/live", _ready),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def _ready(_: Request) -> Response:
    # The port opens only after the model is loaded, so an answer is the proof.
    return PlainTextResponse("ok\n")


async def _predict(request: Request) -> Response:
    try:
        payload = json.loads(await request.body())
    except ValueError as error:
        return _refused(f"the body is not JSON: {error}")
    instances = payload.get("instances") if isinstance(payload, dict) else None
    if not isinstance(instances, list) or not instances:
        return _refused('the body must be {"instances": [...]} with one entry an example')
    try:
        predictions = await run_in_threadpool(request.app.state.predict, instances)
    except (TypeError, ValueError) as error:  # what estimators raise on a wrong shape or type
        return _refused(str(error))
    return JSONResponse({"predictions": predictions})


def _refused(reason: str) -> Response:
    return JSONResponse({"error": reason}, status_code=400)
