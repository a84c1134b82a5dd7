"""Why a replica is not ready, in one line."""

import re
from typing import Any

import pytest

from axon.explain.pods import reason_of, refusal_of
from axon.explain.restarts import restarts_of
from axon.explain.routes import refusals_of

READY = [{"type": "Ready", "status": "True"}]
UNSCHEDULED = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/1 nodes are available: 1 Insufficient cpu.",
}


def waiting(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}, **more}


ENDED = {"terminated": {"exitCode": 1, "reason": "Error"}}
KILLED = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"conditions": READY}, None),
        ({"conditions": [UNSCHEDULED]}, "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu."),
        (
            {"containerStatuses": [waiting("ImagePullBackOff", 'Back-off pulling image "none:1"')]},
            'ImagePullBackOff: Back-off pulling image "none:1"',
        ),
        (
            {"containerStatuses": [waiting("CrashLoopBackOff", lastState=ENDED)]},
            "its container ended with 1 (Error)",
        ),
        (
            {"containerStatuses": [waiting("CrashLoopBackOff", lastState=KILLED)]},
            "its container ended with 137 (OOMKilled)",
        ),
        (
            {
                "initContainerStatuses": [
                    {"state": {"running": {}}},
                    waiting("CrashLoopBackOff", lastState=ENDED),
                ],
                "containerStatuses": [waiting("PodInitializing")],
            },
            "its container ended with 1 (Error)",
        ),
        ({"containerStatuses": [waiting("ContainerCreating")]}, "ContainerCreating"),
        ({"containerStatuses": [{"state": {"running": {}}}]}, "it does not answer its readiness probe yet"),
    ],
)
def test_a_replica_that_is_not_ready_says_why(status: dict[str, Any], reason: str | None) -> None:
    assert reason_of({"metadata": {}, "status": status}) == reason


def test_a_replica_that_goes_has_nothing_to_explain() -> None:
    assert reason_of({"metadata": {"deletionTimestamp": "now"}, "status": {}}) is None


def judged(status: str, kind: str = "SecurityPolicy", above: str = "ancestors") -> dict[str, Any]:
    condition = {"type": "Accepted", "status": status, "message": "secret a/b does not exist."}
    return {"kind": kind, "status": {above: [{"conditions": [condition]}]}}


def test_a_policy_that_the_gateway_refuses_says_why() -> None:
    assert list(refusals_of(judged("False"))) == ["SecurityPolicy: secret a/b does not exist."]
    assert next(refusals_of(judged("False", "HTTPRoute", "parents"))).startswith("HTTPRoute: ")


def test_a_policy_in_force_and_one_not_seen_yet_say_nothing() -> None:
    assert list(refusals_of(judged("True"))) == []
    assert list(refusals_of({"kind": "HTTPRoute"})) == []


def test_a_deployment_that_is_given_no_pod_says_why() -> None:
    failed = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "exceeded quota",
    }

    assert refusal_of({"status": {"conditions": [failed]}}) == "FailedCreate: exceeded quota"
    assert refusal_of({"status": {"conditions": [{**failed, "status": "False"}]}}) is None
    assert refusal_of({"status": {}}) is None


def restarted(ended: dict[str, Any], count: int = 1) -> dict[str, Any]:
    """A replica that is ready again after its container has ended."""
    container = {
        "name": "predictor",
        "restartCount": count,
        "state": {"running": {}},
        "lastState": {"terminated": {"finishedAt": "2026-11-27T05:00:00Z", **ended}},
    }
    return {
        "metadata": {"uid": "1"},
        "spec": {"containers": [{"name": "predictor", "resources": {"limits": {"memory": "512Mi"}}}]},
        "status": {"conditions": READY, "containerStatuses": [container]},
    }


def killing(uid: str = "1", container: str = "predictor") -> dict[str, Any]:
    said = f"Container {container} failed liveness probe, will be restarted"
    return {"involvedObject": {"uid": uid}, "reason": "Killing", "message": said}


CLEAN = {"exitCode": 0, "reason": "Completed"}


@pytest.mark.parametrize(
    ("pod", "events", "said"),
    [
        (
            restarted({"exitCode": 137, "reason": "OOMKilled"}, 2),
            [],
            "restarted 2 times, last at 2026-11-27T05:00:00Z: it needed more memory than its limit, 512Mi",
        ),
        (restarted(CLEAN), [killing()], "restarted once, last at .*: it did not answer its liveness probe"),
        (restarted(CLEAN), [killing(uid="2")], r"it ended with 0 \(Completed\)"),
        (restarted(CLEAN), [killing(container="tokenizer")], r"it ended with 0 \(Completed\)"),
        (restarted({"exitCode": 3, "reason": "Error"}), [], r"it ended with 3 \(Error\)"),
    ],
    ids=["memory", "liveness", "another pod's", "another container's", "by itself"],
)
def test_a_replica_that_is_back_says_why_it_was_restarted(
    pod: dict[str, Any], events: list[dict[str, Any]], said: str
) -> None:
    (line,) = restarts_of(pod, events)

    assert re.search(said, line)
    assert reason_of(pod) is None


def test_a_replica_that_was_never_restarted_says_nothing() -> None:
    pod = restarted(CLEAN, 0)
    pod["status"]["containerStatuses"][0].pop("lastState")

    assert list(restarts_of(pod, [killing()])) == []
