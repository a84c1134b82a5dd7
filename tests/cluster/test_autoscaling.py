"""Replicas follow the requests in flight, up, down, to zero and back."""

import asyncio
import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.conftest import SMALL
from tests.stacks import Stack, environment_of_tests, get, kubectl

pytestmark = pytest.mark.cluster
MODEL = "sleeper"
# Each request is in flight for as long as it says.
PREDICTOR = """\
import asyncio


class Predictor:
    async def predict(self, payload):
        await asyncio.sleep(payload["seconds"])
        return payload
"""


@pytest.fixture
def sleeper(live: Stack) -> Callable[..., str]:
    """Deploy a model that takes the time it is told, scaled as given, and return its endpoint."""
    folder = live.folder / "predictors" / MODEL
    folder.mkdir(exist_ok=True)
    (folder / "predictor.py").write_text(PREDICTOR)

    def deployed(**scaling: Any) -> str:
        live.settings["models"][MODEL] = {
            "predictor": {"type": "python", "path": f"predictors/{MODEL}"},
            "compute": dict(SMALL),
            "networking": {"endpoint": f"/{live.name}/{MODEL}"},
            "autoscaling": scaling,
        }
        live.write()
        build = [str(live.folder / ".venv/bin/python"), "-m", "local", "images", "--stack", live.name]
        subprocess.run(build, cwd=live.folder, env=environment_of_tests(), check=True)
        live.up()
        return live.endpoints()[MODEL]

    return deployed


def replicas(live: Stack) -> int:
    return get("deployment", MODEL, live.namespace)["status"].get("readyReplicas", 0)


async def until_replicas(live: Stack, count: int, seconds: float) -> float:
    """Wait for a number of ready replicas, and return how long it took."""
    start = time.monotonic()
    while await asyncio.to_thread(replicas, live) != count:
        waited = time.monotonic() - start
        assert waited < seconds, kubectl("describe", "scaledobject,hpa,pods", "-n", live.namespace)
        await asyncio.sleep(0.5)
    return time.monotonic() - start


async def keep_asking(url: str, ended: asyncio.Event) -> list[int]:
    """Have one request in flight until the event, and return the answers' status codes."""
    found: list[int] = []
    async with httpx.AsyncClient() as client:
        while not ended.is_set():
            answer = await client.post(url, json={"seconds": 0.5}, timeout=90)
            found.append(answer.status_code)
    return found


async def under_load(live: Stack, url: str, clients: int, count: int) -> list[int]:
    """Keep requests in flight until there are so many replicas; return all status codes."""
    ended = asyncio.Event()
    asking = [asyncio.create_task(keep_asking(url, ended)) for _ in range(clients)]
    try:
        await until_replicas(live, count, 120)
    finally:
        ended.set()
    return [status for codes in await asyncio.gather(*asking) for status in codes]


def test_replicas_follow_the_requests_in_flight_and_no_request_fails(
    live: Stack, sleeper: Callable[..., str]
) -> None:
    url = sleeper(min_replicas=1, max_replicas=3, target_in_flight=2, downscale_stabilization_period="0s")

    codes = asyncio.run(under_load(live, url, clients=6, count=3))
    asyncio.run(until_replicas(live, 1, 240))

    assert set(codes) == {200}
    assert live.changes() == {}, "the count is the autoscaler's"


def test_a_model_sleeps_while_nobody_asks_and_the_first_request_waits_for_it(
    live: Stack, sleeper: Callable[..., str]
) -> None:
    url = sleeper(min_replicas=0, max_replicas=2, target_in_flight=2, downscale_stabilization_period="5s")
    asyncio.run(until_replicas(live, 0, 180))

    answer = httpx.post(url, json={"seconds": 0}, timeout=90)

    assert (answer.status_code, answer.json()) == (200, {"seconds": 0})
    asyncio.run(until_replicas(live, 0, 180))


def test_lost_metrics_leave_the_replicas_as_they_are(live: Stack, sleeper: Callable[..., str]) -> None:
    url = sleeper(min_replicas=1, max_replicas=2, target_in_flight=1, downscale_stabilization_period="0s")
    asyncio.run(under_load(live, url, clients=4, count=2))

    kubectl("scale", "deployment/prometheus", "-n", "monitoring", "--replicas=0")
    try:
        kubectl(
            "wait",
            f"scaledobject/{MODEL}",
            "-n",
            live.namespace,
            "--for=condition=Fallback",
            "--timeout=120s",
        )
        assert replicas(live) == 2
    finally:
        kubectl("scale", "deployment/prometheus", "-n", "monitoring", "--replicas=1")
        kubectl("rollout", "status", "deployment/prometheus", "-n", "monitoring", "--timeout=120s")
    assert json.loads(kubectl("get", "hpa", "-n", live.namespace, "-o", "json"))["items"]
    asyncio.run(until_replicas(live, 1, 240))
