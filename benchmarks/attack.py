"""Attack on the runtime with invalid, slow and hostile requests: `python -m benchmarks.attack --minutes 10`.

Three replicas get requests that schemathesis generates from their OpenAPI page, random bodies, and bytes that
are hardly HTTP, on 127.0.0.1 only. Each has the memory limit of a pod if this machine supports one (cgroups).
The attack fails if an invalid request returns 500, if a replica ends or does not serve a valid request, if a
concurrency slot stays occupied, or if memory is not released.
"""

import argparse
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "predictor_images" / "runtime"))

from axon_runtime.memory import resident  # noqa: E402
from tests_of_runtime.cgroups import memory_limit  # noqa: E402
from tests_of_runtime.servers import Replica, replica  # noqa: E402

MEMORY = 512 * 2**20
_ECHO = "class Predictor:\n    def predict(self, payload): return payload\n"
_ROUND = settings(
    max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=False
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=30,
)
_TYPES = st.sampled_from(
    [
        "application/json",
        "text/plain; charset=utf-7",
        "text/plain; charset=punycode",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        "",
    ]
)
_CODINGS = st.sampled_from(["", "", "", "gzip", "deflate", "br", "gzip, gzip"])


def main() -> None:
    """Attack for a number of minutes, and return the responses."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attack", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    minutes = parser.parse_args().minutes
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        echo = Path(folder, "echo")
        echo.mkdir()
        (echo / "predictor.py").write_text(_ECHO)
        folders = {
            "sklearn": PROJECT / "predictors/iris",
            "onnx": PROJECT / "predictors/digits",
            "python": echo,
        }
        made = [stack.enter_context(_attacked(kind, place)) for kind, place in folders.items()]
        rounds, end = 0, time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            for one in made:
                one.attack()
            rounds += 1
        print(f"{rounds} rounds")
        print("| replica | requests | 5xx that are not 503 or 504 | memory before, after (MB) | in flight |")
        print("|---|---|---|---|---|")
        failed = [one for one in made if not one.survived()]
    raise SystemExit(1 if failed else 0)


class _Attacked:
    """A replica and the responses that it sent."""

    def __init__(self, made: Replica) -> None:
        self._made = made
        self._honest = _sample(made.name)
        self._ask()
        self._before = resident(made.process.pid)
        self._statuses: Counter[int] = Counter()
        schema = schemathesis.openapi.from_url(f"{made.url}/openapi.json")
        self._cases = st.one_of([one.ok().as_strategy() for one in schema.get_all_operations()])
        self._paths = ["/", f"/v2/models/{made.name}/infer"]

    def attack(self) -> None:
        """Send one round of all kinds of requests."""
        for run in (self._described, self._random, self._raw):
            run()
        self._ask()

    def survived(self) -> bool:
        """Print the result, and return whether no check failed."""
        self._made.until("axon_in_flight_requests", 0)
        self._ask()
        deadline = time.monotonic() + 30
        while (
            after := resident(self._made.process.pid)
        ) > 1.5 * self._before and time.monotonic() < deadline:
            time.sleep(0.5)
        wrong = {
            status: n for status, n in self._statuses.items() if status >= 500 and status not in (503, 504)
        }
        sizes = f"{self._before // 2**20}, {after // 2**20}"
        print(f"| {self._made.name} | {sum(self._statuses.values())} | {wrong or 0} | {sizes} | 0 |")
        return not wrong and after <= 1.5 * self._before

    def _ask(self) -> None:
        answer = httpx.post(self._made.url, content=self._honest, headers=_JSON_TYPE, timeout=60)
        assert answer.status_code == 200, answer.text
        assert self._made.process.poll() is None, "the replica has ended"

    def _described(self) -> None:
        @_ROUND
        @given(case=self._cases)
        def send(case: Any) -> None:
            with suppress(httpx.TransportError, OSError):
                self._count(case.call().status_code)

        send()

    def _random(self) -> None:
        @_ROUND
        @given(path=st.sampled_from(self._paths), body=_bodies(), kind=_TYPES, coding=_CODINGS)
        def send(path: str, body: bytes, kind: str, coding: str) -> None:
            headers = {"content-type": kind, "content-encoding": coding}
            with suppress(httpx.TransportError):
                url = self._made.url + path
                self._count(httpx.post(url, content=body, headers=headers, timeout=30).status_code)

        send()

    def _raw(self) -> None:
        for make in _RAW:
            with (
                suppress(OSError),
                socket.create_connection(("127.0.0.1", self._made.port), timeout=15) as client,
            ):
                client.sendall(make(random.choice(self._paths)))
                client.shutdown(socket.SHUT_WR)
                answer = client.recv(4096)
                if answer.startswith(b"HTTP/1.1 "):
                    self._count(int(answer[9:12]))

    def _count(self, status: int) -> None:
        self._statuses[status] += 1


_JSON_TYPE = {"content-type": "application/json"}


def _sample(name: str) -> bytes:
    file = PROJECT / "predictors" / name / "sample.json"
    return file.read_bytes() if file.exists() else b'{"a": 1}'


def _bodies() -> st.SearchStrategy[bytes]:
    def encoded(value: Any) -> bytes:
        import json

        return json.dumps(value).encode("utf-8", "surrogatepass")

    rows = st.fixed_dictionaries({"instances": _JSON})
    tensors = st.fixed_dictionaries(
        {
            "inputs": st.lists(
                st.fixed_dictionaries(
                    {
                        "name": st.text(max_size=5),
                        "datatype": st.sampled_from(
                            ["FP32", "FP64", "INT64", "BYTES", "BOOL", "BF16", "UINT64", "X"]
                        ),
                        "shape": st.lists(st.integers(-(2**64), 2**64) | st.integers(0, 4), max_size=70),
                        "data": _JSON,
                    }
                ),
                max_size=3,
            )
        }
    )
    deep = st.integers(1, 20_000).map(lambda depth: b"[" * depth + b"]" * depth)
    return st.binary(max_size=300) | rows.map(encoded) | tensors.map(encoded) | _JSON.map(encoded) | deep


def _post(path: str, head: str, body: bytes = b"") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode("latin-1") + body


_RAW: list[Callable[[str], bytes]] = [
    lambda path: random.randbytes(200),
    lambda path: _post(path, "Content-Length: 10\r\n", b"{"),
    lambda path: _post(path, "Transfer-Encoding: chunked\r\n", b"5\r\n{}\r\n0\r\n\r\n"),
    lambda path: _post(path, "Transfer-Encoding: chunked\r\n", b"ffffffffffffffffff\r\n"),
    lambda path: _post(path, "Content-Length: -1\r\n"),
    lambda path: _post(path, "Content-Length: 99999999999999999999999\r\n"),
    lambda path: _post(
        path, "Inference-Header-Content-Length: " + "9" * 5000 + "\r\nContent-Length: 2\r\n", b"{}"
    ),
    lambda path: _post(path, "a: b\r\n" * 200),
    lambda path: _post(path, "a: " + "b" * 100_000 + "\r\n"),
    lambda path: _post(path + "?" + "q" * 10_000, ""),
    lambda path: _post(path, "Expect: 100-continue\r\nContent-Length: 5\r\n"),
    lambda path: _post(path, "Connection: upgrade\r\nUpgrade: websocket\r\n"),
    lambda path: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    lambda path: b"GET \x00 HTTP/1.1\r\n\r\n",
    lambda path: b"GET /%00%ff%2e%2e HTTP/1.1\r\nHost: x\r\n\r\n",
    lambda path: _post(path, "Content-Length: 2\r\n", b"{}") * 500,
]


@contextmanager
def _attacked(kind: str, folder: Path) -> Iterator[_Attacked]:
    told = {"AXON_MEMORY_LIMIT": str(MEMORY)}
    limits = {"request_timeout": 5}
    with (
        memory_limit(MEMORY) as group,
        replica(kind, folder, limits=limits, environment=told, group=group) as made,
    ):
        yield _Attacked(made)


if __name__ == "__main__":
    main()
