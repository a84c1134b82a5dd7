"""Why a replica is not ready, in one line."""

from typing import Any

import pytest

from local.explain import reason_of, refusal_of
from local.explain_routes import refusals_of

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
