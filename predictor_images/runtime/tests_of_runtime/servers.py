"""A replica's own process, as its pod starts it."""

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tests_of_runtime.cgroups import enter

PROJECT = Path(__file__).parents[3]
PROGRAM = ("-m", "axon_runtime")
# One for all that wait: to make one, every few milliseconds, would cost more than what they wait for.
_CLIENT = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0))


class Replica:
    """A running server."""

    def __init__(self, process: "subprocess.Popen[str]", port: int, name: str) -> None:
        self.process, self.port, self.name = process, port, name
        self.url = f"http://127.0.0.1:{port}"
        self.management = f"http://127.0.0.1:{port + 1}"

    def post(self, body: Any, path: str = "/") -> Any:
        """Return the answer to a request, which must be 200."""
        answer = httpx.post(f"{self.url}{path}", json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def metric(self, name: str) -> float:
        """Return the sum of a metric's samples."""
        lines = httpx.get(f"{self.management}/metrics").text.splitlines()
        values = [line.rsplit(" ", 1)[1] for line in lines if line.replace(" ", "{").split("{")[0] == name]
        return sum(map(float, values))

    def until(self, metric: str, value: float) -> None:
        """Wait for a metric to have a value. A question to a process that was just killed goes with it."""
        deadline, found = time.monotonic() + 30, None
        while found != value:
            assert time.monotonic() < deadline, f"{metric} is {found}, not {value}"
            with suppress(httpx.TransportError):
                found = self.metric(metric)


@contextmanager
def replica(
    kind: str,
    folder: Path,
    *,
    limits: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
    program: Sequence[str] = PROGRAM,
    group: Path | None = None,
) -> Iterator[Replica]:
    """Start a replica, wait until it is ready, and end it."""
    process, port = start(
        kind, folder, limits=limits, config=config, environment=environment, program=program, group=group
    )
    try:
        _await_ready(process, port)
        yield Replica(process, port, folder.name)
    finally:
        process.kill()
        process.communicate()


def start(
    kind: str,
    folder: Path,
    *,
    limits: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
    program: Sequence[str] = PROGRAM,
    group: Path | None = None,
) -> tuple["subprocess.Popen[str]", int]:
    """Start a replica, in a control group if one is given, and return its process and port."""
    port = _free_port()
    told = {
        **os.environ,
        "AXON_PREDICTOR": kind,
        "AXON_PREDICTOR_FOLDER": str(folder),
        "AXON_MODEL_NAME": folder.name,
        "AXON_PORT": str(port),
        "AXON_MANAGEMENT_PORT": str(port + 1),
        "AXON_LIMITS": json.dumps(limits or {}),
        "AXON_CONFIG": json.dumps(config or {}),
        "PYTHONDONTWRITEBYTECODE": "1",
        **(environment or {}),
    }
    command = [sys.executable, *program]
    process = subprocess.Popen(
        command,
        env=told,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=partial(enter, group) if group else None,
    )
    return process, port


def _free_port() -> int:
    """Return a free port whose next is free too, the management port; no client is given one of these."""
    while True:
        port = random.randrange(20_000, 30_000, 2)
        with socket.socket() as public, socket.socket() as management, suppress(OSError):
            public.bind(("127.0.0.1", port))
            management.bind(("127.0.0.1", port + 1))
            return port


def _await_ready(process: "subprocess.Popen[str]", port: int) -> None:
    deadline = time.monotonic() + 300  # PyTorch and TensorFlow are slow to import
    while True:
        try:
            if _CLIENT.get(f"http://127.0.0.1:{port + 1}/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "not ready"
        time.sleep(0.02)
