"""Where a node is full, replicas of a higher priority take the place of lower ones."""

import json
from collections.abc import Iterator

import pytest

from axon.checks.fit import Node, node_of
from tests.replicas import is_ready, staying
from tests.stacks import Stack, kubectl

pytestmark = pytest.mark.cluster


@pytest.fixture
def classes(live: Stack) -> Iterator[dict[str, str]]:
    """PriorityClasses that the cluster has, by what they are for."""
    made: dict[str, str] = {}
    for kind, value in (("urgent", 1000), ("batch", -10)):
        made[kind] = f"{live.name}-{kind}"
        kubectl("create", "priorityclass", made[kind], f"--value={value}", "--description=of a test")
    yield made
    kubectl("delete", "priorityclass", *made.values())


def more_than_half(nodes: list[Node]) -> str:
    """Return more memory than half of a node has, in the API's words."""
    most = max(node.room["memory"] for node in nodes)
    return f"{int(most * 55 / 100 / 2**20)}Mi"


def test_an_urgent_model_displaces_one_that_can_wait(classes: dict[str, str], live: Stack) -> None:
    nodes = [node_of(item) for item in json.loads(kubectl("get", "nodes", "-o", "json"))["items"]]
    for kind, count in (("batch", len(nodes)), ("urgent", 1)):
        live.settings["models"][kind] = {
            **live.settings["models"]["species"],
            "networking": {"endpoint": f"/{live.name}/{kind}"},
            "compute": {"cpu": "50m", "mem": more_than_half(nodes)},
            "priority_class": classes[kind],
            "autoscaling": {"min_replicas": count, "max_replicas": count},
        }
        live.up()
        assert sum(map(is_ready, staying(live, kind))) == count

    waiting = [pod for pod in staying(live, "batch") if not is_ready(pod)]
    assert len(waiting) == 1, "one replica has made room"
