"""A model that takes the time that it is told, so that requests are in flight for as long as a test wants."""

import asyncio
import time
from typing import Any

import httpx

from axon.predict import ask
from tests.conftest import SMALL
from tests.stacks import Stack, get, kubectl

MODEL = "sleeper"
# Each request is in flight for as long as it says.
PREDICTOR = """\
import asyncio


class Predictor:
    async def predict(self, payload):
        await asyncio.sleep(payload["seconds"])
        return payload
"""


def deploy(live: Stack, **scaling: Any) -> str:
    """Deploy it, scaled as given, and return its endpoint."""
    folder = live.folder / "predictors" / MODEL
    folder.mkdir(exist_ok=True)
    (folder / "predictor.py").write_text(PREDICTOR)
    live.settings["models"][MODEL] = {
        "predictor": {"type": "python", "path": f"predictors/{MODEL}"},
        "compute": dict(SMALL),
        "networking": {"endpoint": f"/{live.name}/{MODEL}"},
        "autoscaling": scaling,
    }
    live.axon("images")
    live.up()
    url = live.endpoints()[MODEL]
    ask(url, b'{"seconds": 0}')  # a gateway that is just installed refuses connections for a moment
    return url


def replicas(live: Stack) -> int:
    return get("deployment", MODEL, live.namespace)["status"].get("readyReplicas", 0)


def scaling(live: Stack) -> str:
    """What its autoscaler saw and did, for the message of a test that fails."""
    chosen = ("-n", live.namespace, "-l", f"app.kubernetes.io/name={MODEL}")
    return kubectl("get", "pods", *chosen, "-o", "wide") + kubectl("describe", "hpa", *chosen)


async def until_replicas(live: Stack, count: int, seconds: float) -> float:
    """Wait for a number of ready replicas, and return how long it took."""
    start = time.monotonic()
    while await asyncio.to_thread(replicas, live) != count:
        waited = time.monotonic() - start
        assert waited < seconds, scaling(live)
        await asyncio.sleep(0.5)
    return time.monotonic() - start


async def keep_asking(url: str, ended: asyncio.Event) -> list[int]:
    """Have one request in flight until the event, and return the answers' status codes."""
    found: list[int] = []
    async with httpx.AsyncClient() as client:
        while not ended.is_set():
            answer = await client.post(url, json={"seconds": 2}, timeout=90)
            found.append(answer.status_code)
    return found


async def under_load(live: Stack, url: str, clients: int, count: int) -> list[int]:
    """Keep requests in flight until there are so many replicas; return all status codes."""
    ended = asyncio.Event()
    async with asyncio.TaskGroup() as group:  # a client that fails ends the test, with its reason
        asking = [group.create_task(keep_asking(url, ended)) for _ in range(clients)]
        try:
            await until_replicas(live, count, 180)
        finally:
            ended.set()
    return [status for client in asking for status in client.result()]
