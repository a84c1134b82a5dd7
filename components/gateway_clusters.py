"""Names of the Envoy clusters under which the gateway reports a model's requests."""

from collections.abc import Iterator, Mapping

from stacks.settings.traffic_splitter import TrafficSplitter


def clusters_of(route: str, model: str, splitters: Mapping[str, TrafficSplitter], namespace: str) -> str:
    """Return a regular expression for the Envoy clusters that lead to a model, by its route and splitters.

    Envoy Gateway's names are `httproute/<namespace>/<route>/rule/<rule>`, then `/backend/<backend>` for a
    backend with filters of its own, and `-mirror-<filter>` for copies; observed on version 1.9.
    """
    own = f"httproute/{namespace}/{route}/rule/.*"
    return "|".join([own, *_by_splitters(model, splitters, namespace)])


def _by_splitters(model: str, splitters: Mapping[str, TrafficSplitter], namespace: str) -> Iterator[str]:
    for name, splitter in splitters.items():
        start = f"httproute/{namespace}/{name}/rule"
        for index, share in enumerate(splitter.apis):
            if share.name == model:
                yield f"{start}/0/backend/{index}"
        if splitter.canary and splitter.canary.name == model:
            yield f"{start}/1/backend/0"
        if splitter.shadow and splitter.shadow.name == model:
            yield f"{start}/0-mirror-.*"
