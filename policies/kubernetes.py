"""Checks of what runs on the cluster."""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.check import Context, Resource

WORKLOADS = (
    "kubernetes:apps/v1:",
    "kubernetes:batch/v1:",
    "kubernetes:core/v1:Pod",
)
AUTOSCALERS = (
    "kubernetes:keda.sh/v1alpha1:ScaledObject",
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
)
_DIGEST = "@sha256:"
_DOCKER_HUB = "docker.io"


def _pod(resource: Resource) -> Mapping[str, Any]:
    if resource.op == "delete":
        return {}
    spec = resource.inputs.get("spec") or {}
    spec = ((spec.get("jobTemplate") or {}).get("spec") or spec) if "jobTemplate" in spec else spec
    return (spec.get("template") or {}).get("spec") or ({} if "template" in spec else spec)


def _containers(resource: Resource) -> list[Mapping[str, Any]]:
    pod = _pod(resource)
    return [*(pod.get("initContainers") or []), *(pod.get("containers") or [])]


def mutable_tag(resource: Resource, _: Context) -> Iterator[str]:
    """Refuse images whose name can mean another image tomorrow."""
    for container in _containers(resource):
        image = str(container.get("image", ""))
        tag = image.rsplit("/", 1)[-1].partition(":")[2]
        if image and _DIGEST not in image and tag in ("", "latest"):
            yield f"{image} has {'the tag latest' if tag else 'no tag'}"


def foreign_registry(resource: Resource, context: Context) -> Iterator[str]:
    """Refuse models' images from registries that nobody allowed."""
    if resource.of_platform or not context.registries:
        return
    for container in _containers(resource):
        image = str(container.get("image", ""))
        allowed = not image or _qualified(image).startswith(tuple(f"{name}/" for name in context.registries))
        if not allowed and not _is_proxy(image):
            yield f"{image} is not from an allowed registry"


def _is_proxy(image: str) -> bool:
    """Whether an image is the platform's own proxy before an image of the user's, by its digest."""
    from components.platform.versions import ENVOY_IMAGE  # with the SDK, which takes seconds

    return image == ENVOY_IMAGE


def _qualified(image: str) -> str:
    """Return an image's name with its registry: without one, Docker Hub is meant."""
    first, slash, _ = image.partition("/")
    return (
        image
        if slash and ("." in first or ":" in first or first == "localhost")
        else f"{_DOCKER_HUB}/{image}"
    )


def no_limits(resource: Resource, _: Context) -> Iterator[str]:
    """Refuse models without a limit of memory, or without requests: they take what others count on."""
    if resource.of_platform:
        return
    for container in _containers(resource):
        resources = container.get("resources") or {}
        lacking = [
            *(
                f"no {key} request"
                for key in ("cpu", "memory")
                if not (resources.get("requests") or {}).get(key)
            ),
            *([] if (resources.get("limits") or {}).get("memory") else ["no memory limit"]),
        ]
        if lacking:
            yield f"container {container.get('name')} has {', '.join(lacking)}"


def privileged(resource: Resource, _: Context) -> Iterator[str]:
    """Refuse pods that are root, or could be on the node."""
    pod = _pod(resource)
    if resource.of_platform or not pod:
        return
    yield from (f"uses the node's {what}" for key, what in _SHARED.items() if pod.get(key))
    if any("hostPath" in volume for volume in pod.get("volumes") or []):
        yield "mounts a folder of the node"
    for container in _containers(resource):
        context = {**(pod.get("securityContext") or {}), **(container.get("securityContext") or {})}
        yield from (f"container {container.get('name')} {what}" for what in _too_strong(context))


def _too_strong(context: Mapping[str, Any]) -> Iterator[str]:
    if context.get("privileged"):
        yield "is privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "may gain rights (allowPrivilegeEscalation)"
    if (context.get("capabilities") or {}).get("add"):
        yield "adds capabilities"
    if context.get("runAsUser") == 0 or not context.get("runAsNonRoot"):
        yield "may run as root"


_SHARED = {"hostNetwork": "network", "hostPID": "processes", "hostIPC": "memory"}


def replica_bounds(resource: Resource, _: Context) -> Iterator[str]:
    """Refuse a model whose fewest replicas are more than its most."""
    low, high = _bounds(resource)
    if resource.op != "delete" and low > high:
        yield f"has at least {low} replicas and at most {high}"


def single_replica(resource: Resource, context: Context) -> Iterator[str]:
    """Refuse a single replica in production. None at all is a choice of its own: the model sleeps."""
    low, _ = _bounds(resource)
    if resource.op != "delete" and context.production and low == 1:
        yield "has one replica: while its node is drained or fails, nothing answers"


def _bounds(resource: Resource) -> tuple[int, int]:
    spec = resource.inputs.get("spec") or {}
    low = spec.get("minReplicaCount", spec.get("minReplicas", 1))
    high = spec.get("maxReplicaCount", spec.get("maxReplicas", 1))
    return int(low), int(high)
