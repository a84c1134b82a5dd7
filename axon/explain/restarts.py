"""Reasons for the restarts of a replica."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# Reason of the kubelet's event for a container that it ends, and its message about a probe.
_KILLING, _PROBE = "Killing", "failed liveness probe"


def restarts_of(pod: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield, for each restarted container of a pod, the number of restarts and their reason."""
    status = pod["status"]
    for container in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
        ended = container.get("lastState", {}).get("terminated")
        if not ended or not container.get("restartCount") or "running" not in container.get("state", {}):
            continue
        times = container["restartCount"]
        often = "once" if times == 1 else f"{times} times"
        why = _why(ended, container["name"], _limit(pod, container["name"]), _of(pod, events))
        yield f"its container {container['name']} was restarted {often}, last at {ended['finishedAt']}: {why}"


def _why(ended: Mapping[str, Any], name: str, limit: str, events: Sequence[str]) -> str:
    if ended.get("reason") == "OOMKilled":
        return f"it needed more memory than its limit, {limit} (compute.mem)"
    if any(name in message and _PROBE in message for message in events):
        return "it did not answer its liveness probe (it hung, or had too little cpu)"
    return f"it ended with {ended['exitCode']} ({ended.get('reason', 'unknown')})"


def _limit(pod: Mapping[str, Any], name: str) -> str:
    containers = [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    limits = [one.get("resources", {}).get("limits", {}) for one in containers if one["name"] == name]
    return limits[0].get("memory", "none") if limits else "none"


def _of(pod: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the kubelet's messages about the containers of a pod that it ended."""
    uid = pod["metadata"]["uid"]
    own = [event for event in events if event["involvedObject"].get("uid") == uid]
    return [event.get("message", "") for event in own if event.get("reason") == _KILLING]
