"""Images of one's own behind the real gateway: limits, time, streams, WebSockets, gRPC, metrics, sleep."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import grpc
import grpc.aio
import pytest

from axon.machine import LocalSettings
from stacks.settings.images import Images
from tests.conftest import ONE, SMALL
from tests.image_server import METRICS_PORT
from tests.own_image import push_image
from tests.replicas import is_ready, pods, staying, until_ready
from tests.stacks import Stack, kubectl

pytestmark = pytest.mark.cluster
WEB, RPC, DROWSY = "web", "rpc", "drowsy"
LIMITS = {"max_concurrency": 2, "max_queue_length": 1, "max_body_size": "4Ki"}


@pytest.fixture
def images(live: Stack, machine: LocalSettings) -> Stack:
    """The live stack with models whose images are ours; they are removed with what a test changes."""
    image = push_image(machine, Images.model_validate(live.settings["images"]))
    web: dict[str, Any] = {"image": image, "metrics_path": "/metrics", "metrics_port": METRICS_PORT}
    service = f"axon.{live.name}"
    rpc = {"image": image, "protocol": "h2c", "readiness": {"grpc": 8080}, "stream_idle_timeout": "1m"}
    drowsy = {"image": image, "readiness": {"tcp": 8080}}
    live.settings["models"] |= {
        WEB: {"predictor": web, "server": {**LIMITS, "request_timeout": "2m"}, "autoscaling": dict(ONE)},
        RPC: {
            "predictor": rpc,
            "env": {"SERVICE": service},
            "server": {"max_concurrency": 2},
            "autoscaling": dict(ONE),
            "networking": {"endpoint": f"/{service}", "keep_path": True},
        },
        DROWSY: {
            "predictor": drowsy,
            "env": {"START_SECONDS": "40"},
            "autoscaling": {
                **{"min_replicas": 0, "max_replicas": 1, "wake_timeout": "10s"},
                "downscale_stabilization_period": "5s",
            },
        },
    }
    for name in (WEB, DROWSY):
        live.settings["models"][name]["networking"] = {"endpoint": f"/{live.name}/{name}"}
    for name in (WEB, RPC, DROWSY):
        live.settings["models"][name]["compute"] = dict(SMALL)
    live.up()
    return live


async def status(client: aiohttp.ClientSession, url: str) -> tuple[int, str | None]:
    async with client.get(url) as answer:
        await answer.read()
        return answer.status, answer.headers.get("retry-after")


async def until_known(client: aiohttp.ClientSession, url: str) -> None:
    """Ask until the gateway has learnt the route."""
    async with asyncio.timeout(30):
        while (await status(client, f"{url}/ready"))[0] != 200:
            await asyncio.sleep(0.2)


async def held(client: aiohttp.ClientSession, url: str, pod: str, live: Stack) -> None:
    """One more request than there is room for is refused; the others are answered although their pod goes."""
    asked = [asyncio.create_task(status(client, f"{url}/held?seconds=15")) for _ in range(4)]
    refused, there = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    assert [one.result() for one in refused] == [(503, "1")]
    async with client.post(f"{url}/ready", data=b"x" * 5000) as answer:
        assert answer.status in (413, 503), "too large, whether or not there is room"
    await asyncio.to_thread(kubectl, "delete", "pod", pod, "-n", live.namespace, "--wait=false")
    assert Counter(await asyncio.gather(*there)) == {(200, None): 3}


async def talked(client: aiohttp.ClientSession, url: str) -> None:
    """A WebSocket and a stream pass piece by piece."""
    async with client.ws_connect(f"{url}/socket") as socket:
        for word in ("hello", "again"):
            await socket.send_str(word)
            assert await socket.receive_str() == f"you said {word}"
    async with asyncio.timeout(60), client.get(f"{url}/stream?count=3") as stream:
        for number in range(3):
            assert await stream.content.readline() == b"piece %d\n" % number
            assert (await status(client, f"{url}/next"))[0] == 200


async def called(address: str, service: str) -> None:
    """A gRPC stream goes both ways at once."""
    asked: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def requests() -> AsyncIterator[bytes]:
        while (message := await asked.get()) is not None:
            yield message

    async with grpc.aio.insecure_channel(address) as channel:
        answers = channel.stream_stream(f"/{service}/Echo")(requests(), wait_for_ready=True, timeout=60)
        for message in (b"one", b"two"):
            await asked.put(message)
            assert await answers.read() == message
        await asked.put(None)


def asked_of_prometheus(query: str) -> list[dict[str, Any]]:
    path = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/query?query="
    return json.loads(kubectl("get", "--raw", path + quote(query)))["data"]["result"]


def test_images_are_limited_and_nothing_of_what_they_say_is_cut(images: Stack) -> None:
    endpoints = images.endpoints()
    url, address = endpoints[WEB], urlsplit(endpoints[RPC]).netloc

    async def everything() -> None:
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(timeout=timeout) as client:
            await until_known(client, url)
            await talked(client, url)
            await called(address if ":" in address else f"{address}:80", f"axon.{images.name}")
            (pod,) = pods(images, WEB)
            await held(client, url, pod, images)
            await asyncio.to_thread(until_ready, images, 1, WEB)
            # Longer than the minute that was the most for any image.
            assert await status(client, f"{url}/held?seconds=70") == (200, None)

    asyncio.run(everything())

    chosen = f'model_api="{WEB}",namespace="{images.namespace}"'
    deadline = time.monotonic() + 60
    while not (found := asked_of_prometheus(f"captions_total{{{chosen}}}")):
        assert time.monotonic() < deadline, asked_of_prometheus(f"up{{{chosen}}}")
        time.sleep(1)
    assert found[0]["value"][1] == "42"
    assert asked_of_prometheus(f"axon_in_flight_requests{{{chosen}}}") == [], (
        "it cannot speak for the runtime"
    )
    images.pulumi("preview", "--expect-no-changes")


def test_a_request_waits_no_longer_for_a_sleeping_model_than_it_may(images: Stack) -> None:
    url = images.endpoints()[DROWSY]
    deadline = time.monotonic() + 180
    # Those that are going as well: while there is no other replica, the Service still leads to them.
    label = ("-l", f"app.kubernetes.io/name={DROWSY}")
    while kubectl("get", "pods", "-n", images.namespace, *label, "-o", "name"):
        assert time.monotonic() < deadline, kubectl(
            "get", "scaledobject", "-n", images.namespace, "-o", "yaml"
        )
        time.sleep(1)

    async def ask() -> tuple[int, str | None]:
        async with aiohttp.ClientSession() as client:
            return await status(client, f"{url}/held?seconds=0")

    assert asyncio.run(ask()) == (503, "30")
    (replica,) = staying(images, DROWSY)
    assert not is_ready(replica), "the request woke the model, and ended before the replica was there"
    deadline = time.monotonic() + 120
    while asyncio.run(ask())[0] != 200:
        assert time.monotonic() < deadline, "the request has woken it all the same"
