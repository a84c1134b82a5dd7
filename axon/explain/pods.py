"""Reasons why a stack's models do not respond: each pod's own reason with the end of its log, and the
gateway's.
"""

import json
from collections.abc import Sequence
from typing import Any

from axon.explain.restarts import restarts_of
from axon.explain.routes import ROUTING, refusals_of
from axon.kubectl import kubectl, words_for
from axon.steps import StepFailed, console
from stacks.settings import Stack
from stacks.settings.aws.eks import EksCluster

_LAST_LINES = 5


def explain(stack: Stack) -> None:
    """Print the reasons why replicas are not ready or were restarted, and the routes that the gateway
    rejects.
    """
    namespace = stack.platform.namespace
    if isinstance(stack.cluster, EksCluster):  # the current context may be any cluster
        console.print(
            f"why replicas are not ready: kubectl describe pods -n {namespace} (docs/aws.md: Access)"
        )
        return
    where = ("-n", namespace, *words_for(stack.cluster))
    called = {model.object_name(key) for key, model in stack.models.items()}
    events = _items("events", where)
    for pod in _items("pods", where):
        model = pod["metadata"].get("labels", {}).get("app.kubernetes.io/name")
        reason, restarts = reason_of(pod), list(restarts_of(pod, events))
        if model not in called or not (reason or restarts):
            continue
        for line in [*([reason] if reason else []), *restarts]:
            console.print(f"[bold]{model}[/bold]  {pod['metadata']['name']}: {line}", highlight=False)
        _print_log(pod, where)
    for deployment in _items("deployments", where):
        if reason := refusal_of(deployment):
            console.print(f"[bold]{deployment['metadata']['name']}[/bold]  {reason}", highlight=False)
    for kind in ROUTING:
        for refused in _items(kind, where):
            for reason in refusals_of(refused):
                console.print(f"[bold]{refused['metadata']['name']}[/bold]  {reason}", highlight=False)


def _items(kind: str, where: Sequence[str]) -> list[dict[str, Any]]:
    return json.loads(kubectl(None, "get", kind, "-o", "json", *where))["items"]


def _print_log(pod: dict[str, Any], where: Sequence[str]) -> None:
    statuses = pod["status"].get("containerStatuses", [])
    last = ["--previous"] if any(status.get("restartCount") for status in statuses) else []
    try:
        log = kubectl(None, "logs", pod["metadata"]["name"], f"--tail={_LAST_LINES}", *last, *where)
    except StepFailed:  # it has never run
        return
    for line in log.splitlines():
        console.print(f"    {line}", highlight=False, markup=False)


def refusal_of(deployment: dict[str, Any]) -> str | None:
    """Return the reason why a Deployment gets no pod, such as an exceeded quota; None if it gets its pods."""
    for condition in deployment["status"].get("conditions", []):
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            return f"{condition['reason']}: {condition['message']}"
    return None


def reason_of(pod: dict[str, Any]) -> str | None:
    """Return the reason why a pod is not ready; None if it is ready or is being deleted."""
    if "deletionTimestamp" in pod["metadata"]:
        return None
    status = pod["status"]
    conditions = {condition["type"]: condition for condition in status.get("conditions", [])}
    if conditions.get("Ready", {}).get("status") == "True":
        return None
    for container in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
        ended = container.get("lastState", {}).get("terminated", {})
        said = container.get("state", {}).get("waiting") or container.get("state", {}).get("terminated") or {}
        if said.get("reason") == "CrashLoopBackOff" and ended:
            return f"its container ended with {ended['exitCode']} ({ended['reason']})"
        if said.get("reason"):
            return f"{said['reason']}: {said.get('message', '')}".rstrip(": ")
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return f"{scheduled['reason']}: {scheduled['message']}"
    return "it does not answer its readiness probe yet"
