"""Stack file of a pull request's own stack: an environment's models, small, on that environment's cluster."""

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

# Enough to show scaling.
_MOST_REPLICAS = 2
# Keys for a model's nodes, names and permissions, which only the environment has.
_NOT_TAKEN = ("moved_from", "node_groups", "aws")


def ephemeral(
    name: str, text: str, stack: Stack, *, kubeconfig: str | None = None, url: str | None = None
) -> str:
    """Return the stack file of `name`, made from an environment's `text`, the file of `stack`.

    The models' endpoints are below `/name`, in a namespace of that name. `kubeconfig` and `url` give the
    engine and clients access to an environment on AWS, whose file does not have them.
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
    made: dict[str, Any] = {
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
    found = {f"{NAMESPACE}{key}": value for key, value in made.items() if value}
    return f"# Of a pull request: removed with it.\n{dumped({'config': found})}"


def url_of(found: Mapping[str, Any]) -> str | None:
    """Return the URL at which clients of an environment reach its gateway, from the engine's outputs."""
    urls: list[str] = list(found.get("endpoints", {}).values())
    return urlunsplit((*urlsplit(urls[0])[:2], "", "", "")) if urls else None


def _model(given: Mapping[str, Any], endpoint: str, replicas: tuple[int, int]) -> dict[str, Any]:
    low, high = replicas
    kept = {key: value for key, value in given.items() if key not in _NOT_TAKEN}
    scaling = {**given.get("autoscaling", {})}
    scaling |= {"min_replicas": min(low, 1), "max_replicas": max(1, min(high, _MOST_REPLICAS))}
    scaling.pop("init_replicas", None)
    scaling.pop("schedules", None)
    return {**kept, "autoscaling": scaling, "networking": _networking(given, endpoint)}


def _splitter(given: Mapping[str, Any], endpoint: str) -> dict[str, Any]:
    return {**given, "networking": _networking(given, endpoint)}


def _networking(given: Mapping[str, Any], endpoint: str) -> dict[str, Any]:
    """Return the networking without the environment's host names, which only its own models may have."""
    return {**given.get("networking", {}), "endpoint": endpoint, "hostnames": []}


def write_ephemeral(environment: str, name: str, kubeconfig: str | None) -> None:
    """Write the stack file of a pull request's own stack, on the cluster of an environment."""
    settings = connected(environment)
    text = (PROJECT / path_of(environment)).read_text()
    url = url_of(outputs(environment)) if on_aws(settings) else None
    (PROJECT / path_of(name)).write_text(ephemeral(name, text, settings, kubeconfig=kubeconfig, url=url))
    load_file(name)
