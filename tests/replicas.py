"""The replicas of the iris classifier: which are there, and what may happen to one."""

import json
import time
from typing import Any

from tests.stacks import Stack, kubectl

IRIS = "iris-classifier"


def staying(live: Stack, model: str | None = IRIS) -> list[dict[str, Any]]:
    """Return the pods of a model, or of all, but for those that are going."""
    label = ["-l", f"app.kubernetes.io/name={model}"] if model else []
    items = json.loads(kubectl("get", "pods", "-n", live.namespace, *label, "-o", "json"))["items"]
    return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]


def is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def pods(live: Stack, model: str = IRIS) -> list[str]:
    return [pod["metadata"]["name"] for pod in staying(live, model)]


def until_ready(live: Stack, count: int, model: str = IRIS) -> None:
    """Wait for ready replicas beside those that are going, which the Deployment's status still counts."""
    deadline = time.monotonic() + 180
    while sum(map(is_ready, staying(live, model))) != count:
        assert time.monotonic() < deadline, kubectl("describe", "pods", "-n", live.namespace)
        time.sleep(0.2)


def evict(live: Stack, pod: str) -> None:
    """Do what a drain of the node does to a pod (https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/)."""
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": live.namespace},
    }
    path = f"/api/v1/namespaces/{live.namespace}/pods/{pod}/eviction"
    kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))
