"""Constant load on an endpoint of the iris classifier, and what came of it."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

BODY = {"instances": [[5.1, 3.5, 1.4, 0.2]]}


class Load:
    """Some clients, each of which asks again as soon as it is answered."""

    def __init__(self, url: str, clients: int = 4) -> None:
        self._url, self._clients = url, clients
        self._ended = threading.Event()
        self.outcomes: Counter[str] = Counter()
        self.seconds: list[float] = []

    @property
    def count(self) -> int:
        return sum(self.outcomes.values())

    def until_answered(self, more: int) -> None:
        """Wait for so many more answers."""
        wanted, deadline = self.count + more, time.monotonic() + 60
        while self.count < wanted:
            assert time.monotonic() < deadline, f"no {more} answers in a minute"
            self._ended.wait(0.05)

    def run(self) -> None:
        asyncio.run(self._all())

    def end(self) -> None:
        self._ended.set()

    async def _all(self) -> None:
        async with httpx.AsyncClient(timeout=60) as client:
            await asyncio.gather(*(self._ask(client) for _ in range(self._clients)))

    async def _ask(self, client: httpx.AsyncClient) -> None:
        while not self._ended.is_set():
            try:
                start = time.monotonic()
                answer = await client.post(self._url, json=BODY)
                self.seconds.append(time.monotonic() - start)
                self.outcomes[str(answer.status_code)] += 1
            except httpx.HTTPError as error:
                self.outcomes[repr(error)] += 1


@contextmanager
def load(url: str) -> Iterator[Load]:
    """Load an endpoint for as long as the block runs."""
    made = Load(url)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        made.until_answered(50)
        yield made
        made.until_answered(50)
    finally:
        made.end()
        thread.join()
