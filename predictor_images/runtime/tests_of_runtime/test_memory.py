"""A replica under a memory limit, and clients that want more of it than there is."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from axon_runtime.memory import Budget, budget, decoded_size, resident

from tests_of_runtime.cgroups import memory_limit
from tests_of_runtime.servers import Replica, replica

LIMIT = 512 * 2**20  # what a model has that says nothing (compute.mem)
ECHO = """\
class Predictor:
    def predict(self, payload):
        return "x" * payload if isinstance(payload, int) else len(payload)
"""


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Replica]:
    (tmp_path / "predictor.py").write_text(ECHO)
    told = {"AXON_MEMORY_LIMIT": str(LIMIT)}
    limits = {"request_timeout": 5}
    with memory_limit(LIMIT) as group:
        with replica("python", tmp_path, limits=limits, environment=told, group=group) as running:
            before = resident(running.process.pid)
            yield running
            still_serves(running)
            running.until("axon_in_flight_requests", 0)
            assert resident(running.process.pid) < 1.5 * before + 64 * 2**20
        _reaped(group)


def _reaped(group: Path | None) -> None:
    deadline = time.monotonic() + 10
    while group and group.read_text().strip():
        assert time.monotonic() < deadline


def still_serves(made: Replica) -> None:
    """Wait until what was given up is over: a request is answered as before."""
    deadline = time.monotonic() + 30
    while httpx.post(made.url, json=[1, 2], timeout=30).text != "2":
        assert time.monotonic() < deadline
    assert made.process.poll() is None


def statuses(made: Replica, bodies: list[bytes]) -> list[int]:
    """Send bodies all at once."""

    def send(body: bytes) -> int:
        with suppress(httpx.TransportError):  # a refusal may close the connection before all is sent
            return httpx.post(
                made.url, content=body, headers={"content-type": "application/json"}, timeout=60
            ).status_code
        return 0

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(send, bodies))


BODIES = {
    "floats": b"[" + b",".join([b"0.12345"] * 3_800_000) + b"]",
    "empty lists": b"[" + b",".join([b"[]"] * 9_000_000) + b"]",
    "empty objects": b"[" + b",".join([b"{}"] * 9_000_000) + b"]",
    "small objects": b"[" + b",".join([b'{"a":1}'] * 3_800_000) + b"]",
    "short texts": b"[" + b",".join([b'"ab"'] * 6_000_000) + b"]",
    "one text": b'["' + b"x" * 30_000_000 + b'"]',
}


@pytest.mark.parametrize("name", BODIES)
def test_large_bodies_are_taken_or_refused_and_never_kill(made: Replica, name: str) -> None:
    answers = statuses(made, [BODIES[name]] * 3)

    assert set(answers) <= {0, 200, 413, 503, 504}


def test_answers_that_nobody_reads_do_not_pile_up(made: Replica) -> None:
    body = json.dumps(20_000_000).encode()
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    with ExitStack() as opened:
        for _ in range(26):
            client = opened.enter_context(socket.create_connection(("127.0.0.1", made.port), timeout=30))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(head % len(body) + body)
        made.until("axon_in_flight_requests", 0)
        assert made.process.poll() is None


def test_an_answer_is_sent_as_fast_as_its_client_reads(made: Replica) -> None:
    assert len(httpx.post(made.url, json=20_000_000, timeout=60).content) == 20_000_000


def test_what_waits_and_is_given_up_takes_no_memory(made: Replica) -> None:
    asyncio.run(_given_up(made))


async def _given_up(made: Replica) -> None:
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=None)) as client:
        body = b'["' + b"x" * 5_000_000 + b'"]'
        for _ in range(5):
            sent: list[Any] = [
                asyncio.create_task(client.post(made.url, content=body, timeout=0.5)) for _ in range(20)
            ]
            await asyncio.gather(*sent, return_exceptions=True)


def test_a_budget_is_what_is_free_after_loading() -> None:
    assert budget(None, 1).take(10**15), "no limit is known"
    small = Budget(100)
    assert small.take(100)
    assert not small.take(1)
    small.give(50)
    assert small.take(50)


@pytest.mark.parametrize("name", ["empty lists", "empty objects", "small objects", "short texts", "floats"])
def test_what_a_body_is_decoded_to_is_not_larger_than_predicted(name: str) -> None:
    import tracemalloc

    import msgspec

    body = BODIES[name][:1_000_000].rpartition(b",")[0] + b"]"
    tracemalloc.start()
    decoded = msgspec.json.decode(body)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert decoded
    assert size <= decoded_size(body) < 40 * size
