"""No request fails while replicas are replaced; a version that cannot serve never replaces one that can."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from local.explain import reason_of
from tests.stacks import Stack, get, kubectl

pytestmark = pytest.mark.cluster
IRIS = "iris-classifier"
BODY = {"instances": [[5.1, 3.5, 1.4, 0.2]]}


class Load:
    """Some clients, each of which asks again as soon as it is answered."""

    def __init__(self, url: str, clients: int = 4) -> None:
        self._url, self._clients = url, clients
        self._ended = threading.Event()
        self.outcomes: Counter[str] = Counter()

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
                answer = await client.post(self._url, json=BODY)
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


def staying(live: Stack) -> list[dict[str, Any]]:
    label = f"app.kubernetes.io/name={IRIS}"
    items = json.loads(kubectl("get", "pods", "-n", live.namespace, "-l", label, "-o", "json"))["items"]
    return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]


def is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def pods(live: Stack) -> list[str]:
    return [pod["metadata"]["name"] for pod in staying(live)]


def until_ready(live: Stack, count: int) -> None:
    """Wait for ready replicas beside those that are going, which the Deployment's status still counts."""
    deadline = time.monotonic() + 180
    while sum(map(is_ready, staying(live))) != count:
        assert time.monotonic() < deadline, kubectl("describe", "pods", "-n", live.namespace)
        time.sleep(0.2)


def test_no_request_fails_through_rolling_updates(live: Stack) -> None:
    with load(live.endpoints()[IRIS]) as answered:
        for cpu in ("60m", "70m", "80m"):
            live.settings["models"][IRIS]["compute"] = {"cpu": cpu}
            live.up()
            answered.until_answered(50)

    assert set(answered.outcomes) == {"200"}, answered.outcomes


def test_no_request_fails_when_replicas_are_deleted_and_evicted(live: Stack) -> None:
    live.settings["models"][IRIS]["autoscaling"] = {"min_replicas": 2, "max_replicas": 2}
    live.up()
    until_ready(live, 2)
    with load(live.endpoints()[IRIS]) as answered:
        for _ in range(3):
            kubectl("delete", "pod", pods(live)[0], "-n", live.namespace, "--wait=false")
            until_ready(live, 2)
        evict(live, pods(live)[0])
        until_ready(live, 2)

    assert set(answered.outcomes) == {"200"}, answered.outcomes


def evict(live: Stack, pod: str) -> None:
    """Do what a drain of the node does to a pod (https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/)."""
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": live.namespace},
    }
    path = f"/api/v1/namespaces/{live.namespace}/pods/{pod}/eviction"
    kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))


def test_a_version_that_cannot_load_never_replaces_the_one_that_serves(live: Stack) -> None:
    live.settings["models"][IRIS]["predictor"] = {"image": f"{live.settings['images']['registry']}/none:1"}
    live.settings["models"][IRIS]["update_strategy"] = {"timeout": "20s"}

    with load(live.endpoints()[IRIS]) as answered:
        run = live.pulumi("up", "--yes", "--skip-preview", check=False)

    assert run.returncode != 0
    assert "ProgressDeadlineExceeded" in run.stdout + run.stderr
    assert set(answered.outcomes) == {"200"}, answered.outcomes
    assert any(map(is_ready, staying(live)))
    why = [reason_of(get("pod", pod, live.namespace)) for pod in pods(live)]
    assert [reason for reason in why if reason and "none:1" in reason], why
