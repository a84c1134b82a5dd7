"""A predictor that answers once a gate is open, and requests that wait for it."""

import asyncio
import signal
from pathlib import Path

import httpx

from tests_of_runtime.servers import Replica

WAITS = """\
import os, time
from pathlib import Path

class Predictor:
    def __init__(self, config):
        self.gate = Path(config["gate"])

    def predict(self, payload):
        (self.gate.parent / f"{payload}-{os.getpid()}.taken").touch()
        while not self.gate.exists():
            time.sleep(0.001)
        return payload
"""


def gated(folder: Path) -> Path:
    """Write the predictor into a folder, and return the file that lets it answer once it is there."""
    predictor = folder / "waits"
    predictor.mkdir(parents=True)
    (predictor / "predictor.py").write_text(WAITS)
    return folder / "open"


def waits(gate: Path) -> Path:
    """Return the predictor's folder."""
    return gate.parent / "waits"


def taken(gate: Path) -> dict[int, int]:
    """Return the process that works, or worked, on each request."""
    names = (file.stem.split("-") for file in gate.parent.glob("*.taken"))
    return {int(value): int(pid) for value, pid in names}


async def post(client: httpx.AsyncClient, made: Replica, value: int) -> tuple[int, object]:
    """Send one request."""
    answer = await client.post(made.url, json=value, timeout=30)
    return answer.status_code, answer.json()


async def many(made: Replica, gate: Path, count: int, in_flight: int) -> list[tuple[int, object]]:
    """Send many at once, open the gate when so many are in flight, and return the answers."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(limits=limits) as client:
        sent = [asyncio.create_task(post(client, made, value)) for value in range(count)]
        await asyncio.to_thread(made.until, "axon_in_flight_requests", in_flight)
        gate.touch()
        return await asyncio.gather(*sent)


async def ended(made: Replica, gate: Path) -> list[tuple[int, object]]:
    """End a replica that has twenty requests, and return the answers."""
    async with httpx.AsyncClient() as client:
        sent = [asyncio.create_task(post(client, made, value)) for value in range(20)]
        await asyncio.to_thread(made.until, "axon_in_flight_requests", 20)
        made.process.send_signal(signal.SIGTERM)
        gate.touch()
        return await asyncio.gather(*sent)
