"""The life of a request, and what a client, a predictor or the end of a replica can do to it."""

import asyncio
import json
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests_of_runtime.servers import Replica, replica
from tests_of_runtime.waiting import post, waits

RAISES = """\
import asyncio

class Panic(BaseException):
    pass

class Predictor:
    KINDS = {k.__name__: k for k in (StopIteration, SystemExit, asyncio.CancelledError, KeyboardInterrupt,
                                     GeneratorExit, TimeoutError, MemoryError, RecursionError, Panic)}

    PREDICT(self, payload):
        if payload in self.KINDS:
            raise self.KINDS[payload]("by the predictor")
        return payload
"""
KINDS = [
    "StopIteration",
    "SystemExit",
    "CancelledError",
    "KeyboardInterrupt",
    "GeneratorExit",
    "TimeoutError",
    "MemoryError",
    "RecursionError",
    "Panic",
]
SMALL = {"max_concurrency": 2, "max_queue_length": 1}
BLOCKS = """\
import asyncio, time

class Predictor:
    PREDICT(self, payload):
        if payload == "hang":
            time.sleep(3600)
        return asyncio_run() if payload == "run" else payload

async def five():
    return 5

def asyncio_run():
    return asyncio.run(five())
"""


def written(folder: Path, text: str, predict: str = "def predict") -> Path:
    (folder / "predictor.py").write_text(text.replace("PREDICT", predict))
    return folder


@contextmanager
def sockets(made: Replica, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """Open connections, each of which has sent something."""
    opened = [socket.create_connection(("127.0.0.1", made.port), timeout=30) for _ in range(count)]
    try:
        for one in opened:
            one.sendall(sent)
        yield opened
    finally:
        for one in opened:
            one.close()


def until_closed(client: socket.socket) -> bytes:
    return b"".join(iter(lambda: client.recv(4096), b""))


@pytest.mark.parametrize("predict", ["def predict", "async def predict"])
def test_whatever_a_predictor_raises_is_a_500_of_that_request(tmp_path: Path, predict: str) -> None:
    with replica("python", written(tmp_path, RAISES, predict), limits=SMALL) as made:
        for kind in KINDS * 2:
            answer = httpx.post(made.url, json=kind, timeout=30)
            assert (kind, answer.status_code) == (kind, 500)
            assert answer.json() == {"error": "the predictor failed (see its log)"}
        assert made.post(5) == 5
        made.until("axon_in_flight_requests", 0)
        assert made.metric("axon_requests_total") == len(KINDS) * 2 + 1

        made.process.terminate()
        output, _ = made.process.communicate(timeout=30)
    traced = [json.loads(line) for line in output.splitlines() if '"traceback"' in line]
    assert traced
    assert all("predictor.py" in line["traceback"] and line["request_id"] for line in traced)


def test_code_that_needs_no_event_loop_around_it_finds_none(tmp_path: Path) -> None:
    (written(tmp_path, BLOCKS) / "sample.json").write_text('"run"')
    with replica("python", tmp_path) as made:
        assert [made.post("run") for _ in range(3)] == [5] * 3


@pytest.mark.parametrize("predict", ["def predict", "async def predict"])
def test_a_call_that_hangs_is_answered_and_found_and_the_replica_ends_in_time(
    tmp_path: Path, predict: str
) -> None:
    with replica("python", written(tmp_path, BLOCKS, predict), limits={"request_timeout": 1}) as made:
        answer = httpx.post(made.url, json="hang", timeout=30)
        assert answer.status_code == 504
        assert httpx.get(f"{made.management}/live").status_code == 200
        assert made.metric("axon_in_flight_requests") == 1, "it still takes the replica's time"

        deadline = time.monotonic() + 30
        while (live := httpx.get(f"{made.management}/live")).status_code == 200:
            assert time.monotonic() < deadline
        assert "a call has run for" in live.text
        assert made.metric("axon_oldest_call_seconds") > 3

        started = time.monotonic()
        made.process.terminate()
        made.process.wait(30)
        assert time.monotonic() - started < 1 + 5 + 3, "more than its grace period"


def test_a_worker_whose_call_hangs_is_replaced(tmp_path: Path) -> None:
    limits = {"request_timeout": 1, "processes_per_replica": 2}
    with replica("python", written(tmp_path, BLOCKS), limits=limits) as made:
        assert httpx.post(made.url, json="hang", timeout=30).status_code == 504
        made.until("axon_worker_restarts_total", 1)
        made.until("axon_in_flight_requests", 0)


def test_a_request_under_way_is_answered_though_the_replica_ends(gate: Path) -> None:
    limits = {"request_timeout": 30}
    with replica("python", waits(gate), limits=limits, config={"gate": str(gate)}) as made:
        assert asyncio.run(_ended_late(made, gate)) == (200, 7)
        assert made.process.wait(30) == 0


async def _ended_late(made: Replica, gate: Path) -> tuple[int, object]:
    async with httpx.AsyncClient() as client:
        sent = asyncio.create_task(post(client, made, 7))
        await asyncio.to_thread(made.until, "axon_in_flight_requests", 1)
        made.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(_until_refused, made)  # it takes no more, and goes on with what it has
        gate.touch()
        return await sent


def _until_refused(made: Replica) -> None:
    deadline = time.monotonic() + 30
    while True:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", made.port)) != 0:
                return
        assert time.monotonic() < deadline


def test_bodies_that_come_slowly_keep_nobody_out_and_are_answered_408(tmp_path: Path) -> None:
    limits = {"request_timeout": 2, "max_concurrency": 5, "max_queue_length": 5}
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"
    with replica("python", written(tmp_path, BLOCKS), limits=limits) as made, sockets(made, 50, head) as slow:
        assert made.post(5) == 5
        assert made.metric("axon_in_flight_requests") == 0, "the autoscaler would add replicas for them"
        for client in slow:
            assert until_closed(client).startswith(b"HTTP/1.1 408 ")
        assert made.post(5) == 5


def test_what_hangs_on_a_slow_body_does_not_hold_up_the_end(tmp_path: Path) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"
    with (
        replica("python", written(tmp_path, BLOCKS), limits={"request_timeout": 2}) as made,
        sockets(made, 5, head),
        sockets(made, 5, b"POST / HT"),
        sockets(made, 5, b""),
    ):
        assert made.post(5) == 5
        started = time.monotonic()
        made.process.terminate()
        assert made.process.wait(30) == 0
        assert time.monotonic() - started < 2 + 5


HEADS: dict[str, tuple[bytes, bytes]] = {
    "long target": (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b" 414 "),
    "long query": (b"POST /?" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b" 414 "),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 101 + b"\r\n", b" 431 "),
    "large header": (b"GET / HTTP/1.1\r\na: " + b"b" * 70_000 + b"\r\n\r\n", b" 431 "),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b" 400 "),
    "no length": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", b" 400 "),
    "two lengths": (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", b" 400 "),
    "length and chunks": (
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b" 400 ",
    ),
    "bad target": (b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n", b" 400 "),
    "no path": (b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", b" 400 "),
}


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    with replica("python", written(tmp_path_factory.mktemp("echo"), BLOCKS)) as made:
        yield made


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_is_wrong_or_too_large_is_refused(echo: Replica, name: str) -> None:
    sent, status = HEADS[name]
    with sockets(echo, 1, sent) as (client,):
        assert status in until_closed(client).split(b"\r\n", 1)[0] + b" "
    assert echo.post(5) == 5


def test_probes_and_metrics_are_not_on_the_public_port(echo: Replica) -> None:
    for path in ("/metrics", "/ready", "/live"):
        assert httpx.get(f"{echo.url}{path}").status_code == 404
        assert httpx.get(f"{echo.management}{path}").status_code == 200
    assert httpx.post(echo.management, json="cat").status_code == 404, "it predicts nothing"


def test_the_description_can_be_switched_off(tmp_path: Path) -> None:
    with replica("python", written(tmp_path, BLOCKS), limits={"openapi": False}) as made:
        assert httpx.get(f"{made.url}/openapi.json").status_code == 404


@pytest.mark.parametrize("given", ["x" * 129, "two words", "\u00e9"])
def test_an_id_that_logs_could_not_hold_is_replaced(echo: Replica, given: str) -> None:
    answer = httpx.post(echo.url, json=1, headers=[(b"x-request-id", given.encode("latin-1"))])

    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


def test_what_is_refused_or_late_is_in_the_log_with_its_id(gate: Path) -> None:
    limits = {"max_concurrency": 1, "max_queue_length": 0, "request_timeout": 1}
    with replica("python", waits(gate), limits=limits, config={"gate": str(gate)}) as made:
        asyncio.run(_refused_and_late(made))
        gate.touch()
        made.process.terminate()
        output, _ = made.process.communicate(timeout=30)
    lines: list[dict[str, Any]] = [json.loads(line) for line in output.splitlines()]
    found = {line["request_id"]: line["status"] for line in lines if "status" in line}
    assert found == {"late": 504, "refused": 503}


async def _refused_and_late(made: Replica) -> None:
    async with httpx.AsyncClient(timeout=30) as client:
        late = asyncio.create_task(client.post(made.url, json=1, headers={"x-request-id": "late"}))
        await asyncio.to_thread(made.until, "axon_in_flight_requests", 1)
        await client.post(made.url, json=2, headers={"x-request-id": "refused"})
        await late


def test_every_status_is_counted_from_the_start(echo: Replica) -> None:
    page = httpx.get(f"{echo.management}/metrics").text

    for status in (200, 400, 408, 413, 499, 500, 503, 504):
        assert f'axon_requests_total{{model="{echo.name}",status="{status}"}}' in page
