"""Checks of workloads: images, resources and the number of replicas."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.check import Context, Resource
from policies.pods import pods

# All Kubernetes resources: any can contain a pod, such as a custom resource of an operator.
WORKLOADS = ("kubernetes:",)
AUTOSCALERS = (
    "kubernetes:keda.sh/v1alpha1:ScaledObject",
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    "kubernetes:autoscaling/v1:HorizontalPodAutoscaler",
)
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
# Tags that always mean the same image: a content hash, or a full version. `1`, `v2` and `stable` move.
# Architectures may follow a hash, as in predictor_images/contexts.py.
_HASH = re.compile(r"(sha-|sha256-|git-)?[0-9a-f]{12,64}(-(amd64|arm64))*")
_VERSION = re.compile(r"([A-Za-z][A-Za-z0-9]*[-_])*v?\d+\.\d+[A-Za-z0-9._-]*")
_MOVES = re.compile(r"latest|stable|nightly|edge|main|master|dev(el)?|snapshot|current|canary|rolling", re.I)
_DOCKER_HUB = "docker.io"
# The repository of components/platform/versions.py's ENVOY_IMAGE. Repeated here, since policies import only
# each other: those of another commit run without the rest of it.
PROXY = "docker.io/envoyproxy/envoy"


def _images(resource: Resource) -> Iterator[str]:
    for pod in pods(resource):
        yield from (str(container.get("image") or "") for container in pod.containers)
        mounted = [
            (volume.get("image") or {}).get("reference") for volume in pod.volumes if "image" in volume
        ]
        yield from (str(reference or "") for reference in mounted)


def mutable_tag(resource: Resource, _: Context) -> Iterator[str]:
    """Reject images whose name can later mean another image."""
    for image in _images(resource):
        tag = image.rsplit("/", 1)[-1].partition("@")[0].partition(":")[2]
        if image and not _DIGEST.search(image) and not _is_fixed(tag):
            yield f"{image} has {f'the tag {tag}' if tag else 'no tag'}"


def _is_fixed(tag: str) -> bool:
    words = re.split(r"[-_.]", tag)
    moves = any(_MOVES.fullmatch(word) for word in words)
    return not moves and bool(_HASH.fullmatch(tag) or _VERSION.fullmatch(tag))


def foreign_registry(resource: Resource, context: Context) -> Iterator[str]:
    """Reject models' images from registries that are not allowed."""
    if resource.of_platform:
        return
    for image in _images(resource):
        allowed = not image or any(_is_of(_qualified(image), name) for name in context.registries)
        if not allowed and not _is_proxy(image):
            yield f"{image} is not from an allowed registry"


def _is_of(image: str, allowed: str) -> bool:
    """Whether an image is in a registry, a folder of one, or a repository."""
    return bool(allowed) and image.startswith(allowed) and image[len(allowed) :][:1] in ("/", ":", "@")


def _is_proxy(image: str) -> bool:
    """Whether an image is the platform's own proxy, which limits requests to a user's image, by digest."""
    return _is_of(image, PROXY) and bool(_DIGEST.search(image))


def _qualified(image: str) -> str:
    """Return an image's name with its registry; the default is Docker Hub.

    https://github.com/distribution/reference: a first part with a dot, a colon or a capital letter is a host.
    """
    first, slash, _ = image.partition("/")
    host = "." in first or ":" in first or first == "localhost" or first != first.lower()
    return image if slash and host else f"{_DOCKER_HUB}/{image}"


def no_limits(resource: Resource, _: Context) -> Iterator[str]:
    """Reject models without a memory limit or resource requests: they take resources from others."""
    if resource.of_platform:
        return
    for pod in pods(resource):
        for container in pod.containers:
            resources = container.get("resources") or {}
            requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
            missing = [f"no {key} request" for key in ("cpu", "memory") if not _is_set(requests.get(key))]
            missing += [] if _is_set(limits.get("memory")) else ["no memory limit"]
            if missing:
                yield f"container {container.get('name')} has {', '.join(missing)}"


def _is_set(quantity: object) -> bool:
    """Whether a quantity is more than 0."""
    return quantity is not None and bool(re.search(r"[1-9]", re.split(r"[eE]", str(quantity))[0]))


def replica_bounds(resource: Resource, _: Context) -> Iterator[str]:
    """Reject a model whose minimum number of replicas exceeds its maximum."""
    low, high = _bounds(resource)
    if resource.op != "delete" and low > high:
        yield f"has a minimum of {low} replicas and a maximum of {high}"


def single_replica(resource: Resource, context: Context) -> Iterator[str]:
    """Reject a minimum of one replica in production. 0 is allowed: the model scales to zero."""
    low, _ = _bounds(resource)
    if resource.op != "delete" and context.production and low == 1:
        yield "has one replica at its minimum: it is down while its node is drained or fails"


def _bounds(resource: Resource) -> tuple[int, int]:
    spec: Mapping[str, Any] = resource.inputs.get("spec") or {}
    low = spec.get("minReplicaCount", spec.get("minReplicas"))
    high = spec.get("maxReplicaCount", spec.get("maxReplicas"))
    return _number(low, 1), _number(high, 1)


def _number(value: Any, otherwise: int) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return otherwise  # known only after the update, or not set
