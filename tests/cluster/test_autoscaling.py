"""Replicas follow the requests in flight, up, down, to zero and back."""

import asyncio
import json

import httpx
import pytest

from tests.sleeper import MODEL, deploy, replicas, under_load, until_replicas
from tests.stacks import Stack, get, kubectl

pytestmark = pytest.mark.cluster


def test_replicas_follow_the_requests_in_flight_and_no_request_fails(live: Stack) -> None:
    url = deploy(
        live, min_replicas=1, max_replicas=3, target_in_flight=2, downscale_stabilization_period="0s"
    )

    # Twice what three replicas are for: what a busy machine keeps from being in flight does not matter.
    codes = asyncio.run(under_load(live, url, clients=12, count=3))
    asyncio.run(until_replicas(live, 1, 240))

    assert set(codes) == {200}
    assert live.changes() == {}, "the count is the autoscaler's"


def test_a_model_sleeps_while_nobody_asks_and_the_first_request_waits_for_it(live: Stack) -> None:
    url = deploy(
        live, min_replicas=0, max_replicas=2, target_in_flight=2, downscale_stabilization_period="5s"
    )
    asyncio.run(until_replicas(live, 0, 180))

    answer = httpx.post(url, json={"seconds": 0}, timeout=90)

    assert (answer.status_code, answer.json()) == (200, {"seconds": 0})
    asyncio.run(until_replicas(live, 0, 180))


def test_a_new_model_begins_with_replicas_that_are_the_autoscalers_from_then_on(live: Stack) -> None:
    scaling = {"max_replicas": 2, "init_replicas": 2, "downscale_stabilization_period": "30s"}
    deploy(live, **scaling)
    assert get("deployment", MODEL, live.namespace)["spec"]["replicas"] == 2

    asyncio.run(until_replicas(live, 1, 240))

    live.pulumi("refresh", "--yes")
    assert live.changes() == {}
    live.settings["models"][MODEL]["compute"] = {"cpu": "60m"}
    live.up()
    assert get("deployment", MODEL, live.namespace)["spec"]["replicas"] == 1


def test_lost_metrics_leave_the_replicas_as_they_are(live: Stack) -> None:
    url = deploy(
        live, min_replicas=1, max_replicas=2, target_in_flight=1, downscale_stabilization_period="0s"
    )
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
