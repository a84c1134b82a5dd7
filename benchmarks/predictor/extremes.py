"""Throughput of the runtime with extreme requests: `python -m benchmarks.predictor.extremes`.

Two tables: tensors of 1 MiB by the inference protocol, binary and as JSON, compared with a server that
returns a constant (the share of client and HTTP server) and with MLServer, whose HTTP port accepts JSON only;
and 32 fast connections by themselves, then together with 200 clients that send a byte every five seconds. The
server has one core, the load the other. Everything runs on 127.0.0.1 and ends by itself.
"""

import argparse
import shutil
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import joblib
import numpy as np
import tritonclient.http as triton
from sklearn.dummy import DummyRegressor

from benchmarks.predictor.__main__ import _round
from benchmarks.predictor.models import save
from benchmarks.predictor.servers import PORT, served

_ROWS, _FEATURES = 256, 1024  # of 4 bytes: 1 MiB
_SLOW = 200
_HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"


def main() -> None:
    """Measure both rows and print them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.predictor.extremes", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    told = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not on PATH (apt-get install wrk)")
    with tempfile.TemporaryDirectory() as folder:
        _tensors(Path(folder), told.rounds, told.seconds)
        _slow_clients(Path(folder), told.rounds, told.seconds)


def _tensors(folder: Path, rounds: int, seconds: int) -> None:
    floor = 0.0
    (folder / "wide").mkdir()
    model = DummyRegressor().fit(np.zeros((2, _FEATURES), np.float32), [0.0, 1.0])
    joblib.dump(model, folder / "wide" / "model.joblib")
    print("| tensors of 1 MiB | MB/s | ÷ floor |")
    print("|---|---|---|")
    rows = [("floor", True), ("axon", True), ("floor", False), ("axon", False), ("mlserver", False)]
    for name, binary in rows:
        rate = statistics.median(_rate(name, folder, seconds, binary=binary) for _ in range(rounds))
        if name == "floor":
            floor = rate
        print(f"| {name}, {'binary' if binary else 'JSON'} | {rate:.0f} | {rate / floor:.2f} |", flush=True)


def _rate(name: str, folder: Path, seconds: int, *, binary: bool) -> float:
    """Return the MB of tensors per second that a server receives from one client."""
    given = triton.InferInput("rows", [_ROWS, _FEATURES], "FP32")
    given.set_data_from_numpy(np.ones((_ROWS, _FEATURES), np.float32), binary_data=binary)
    body, length = triton.InferenceServerClient.generate_request_body([given])
    headers = {"Inference-Header-Content-Length": str(length)} if binary else {}
    headers["content-type"] = "application/octet-stream" if binary else "application/json"
    path = "/" if name == "floor" else "/v2/models/model/infer"
    with (
        served(name, "wide", folder, [0.0] * _FEATURES),
        httpx.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=60) as client,
    ):
        count, began = 0, time.perf_counter()
        while (spent := time.perf_counter() - began) < seconds:
            client.post(path, content=body, headers=headers).raise_for_status()
            count += 1
        return count * _ROWS * _FEATURES * 4 / 1e6 / spent


def _slow_clients(folder: Path, rounds: int, seconds: int) -> None:
    save(folder)
    print("\n| 32 connections | requests/s | p99 ms |")
    print("|---|---|---|")
    for name, beside in (("alone", 0), (f"beside {_SLOW} slow clients", _SLOW)):
        results = []
        for _ in range(rounds):
            with served("axon", "iris", folder) as server, _dripping(beside):
                results.append(_round("axon", server, 32, seconds))
        rate = statistics.median(one.requests for one in results)
        print(f"| {name} | {rate:,.0f} | {statistics.median(one.p99 for one in results):.2f} |", flush=True)


@contextmanager
def _dripping(count: int) -> Iterator[None]:
    """Keep a number of clients that send a byte every five seconds."""
    ended = threading.Event()

    def drip(clients: list[socket.socket]) -> None:
        while not ended.wait(5):
            for client in clients:
                client.sendall(b"{")

    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", PORT), timeout=10))
            for _ in range(count)
        ]
        for client in clients:
            client.sendall(_HEAD)
        thread = threading.Thread(target=drip, args=(clients,))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


if __name__ == "__main__":
    main()
