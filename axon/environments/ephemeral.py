"""The stack file of a pull request's own stack: small copies of an environment's models on its cluster."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from axon.engine import on_aws, outputs
from axon.session import connected
from axon.stack_file import path_of, raw_of
from stacks.settings import Stack, load_file
from stacks.settings.account import EPHEMERAL
from stacks.settings.aws.eks import EksCluster
from stacks.settings.checksums import own_buckets
from stacks.settings.project import PROJECT
from stacks.settings.source import NAMESPACE
from stacks.settings.yaml_dump import dumped

# Enough to show that a model scales.
_MAX_REPLICAS = 2
# Settings that belong to the environment: its nodes, object names and AWS permissions.
_NOT_COPIED = ("moved_from", "node_groups", "aws")


def ephemeral(
    name: str, text: str, stack: Stack, *, kubeconfig: str | None = None, url: str | None = None
) -> str:
    """Return the stack file of `name`, made from an environment's `text` and its settings, `stack`.

    Its models get endpoints below `/name`, in a namespace of that name. `kubeconfig` and `url` lead Pulumi
    and clients to an environment on AWS, whose stack file does not have them.
    """
    config = raw_of(text)
    cluster, images = config["cluster"], config.get("images", {})
    if isinstance(stack.cluster, EksCluster):
        cluster = {"kind": "existing", "kubeconfig": kubeconfig, "grows": True}
        images = {**images, "registry": f"{stack.cluster.registry.split('/')[0]}/{EPHEMERAL}"}
    platform = {**config.get("platform", {}), "install": False, "namespace": name}
    platform.pop("quota", None)
    if buckets := own_buckets(stack):
        platform["model_buckets"] = buckets
    if url:
        platform["gateway"] = {**platform.get("gateway", {}), "url": url}
    settings: dict[str, Any] = {
        "cluster": cluster,
        "images": images,
        "platform": platform,
        "models": {
            key: _model(config["models"][key], f"/{name}{model.endpoint(key)}", model.replicas)
            for key, model in stack.models.items()
        },
        "traffic_splitters": {
            key: _splitter(config["traffic_splitters"][key], f"/{name}{each.endpoint(key)}")
            for key, each in stack.traffic_splitters.items()
        },
    }
    keys = {f"{NAMESPACE}{key}": value for key, value in settings.items() if value}
    return f"# Stack of a pull request: removed with it.\n{dumped({'config': keys})}"


def url_of(found: Mapping[str, Any]) -> str | None:
    """Return the URL of an environment's gateway, from the outputs of its stack."""
    urls: list[str] = list(found.get("endpoints", {}).values())
    return urlunsplit((*urlsplit(urls[0])[:2], "", "", "")) if urls else None


def _model(settings: Mapping[str, Any], endpoint: str, replicas: tuple[int, int]) -> dict[str, Any]:
    low, high = replicas
    kept = {key: value for key, value in settings.items() if key not in _NOT_COPIED}
    scaling = {**settings.get("autoscaling", {})}
    scaling |= {"min_replicas": min(low, 1), "max_replicas": max(1, min(high, _MAX_REPLICAS))}
    scaling.pop("init_replicas", None)
    scaling.pop("schedules", None)
    return {**kept, "autoscaling": scaling, "networking": _networking(settings, endpoint)}


def _splitter(settings: Mapping[str, Any], endpoint: str) -> dict[str, Any]:
    return {**settings, "networking": _networking(settings, endpoint)}


def _networking(settings: Mapping[str, Any], endpoint: str) -> dict[str, Any]:
    """Return the networking settings without the hostnames, which only the environment may serve."""
    return {**settings.get("networking", {}), "endpoint": endpoint, "hostnames": []}


def write_ephemeral(environment: str, name: str, kubeconfig: str | None) -> None:
    """Write the stack file of a pull request's own stack, on an environment's cluster."""
    settings = connected(environment)
    text = (PROJECT / path_of(environment)).read_text()
    url = url_of(outputs(environment)) if on_aws(settings) else None
    (PROJECT / path_of(name)).write_text(ephemeral(name, text, settings, kubeconfig=kubeconfig, url=url))
    load_file(name)
