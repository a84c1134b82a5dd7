"""A model that fits on no node of the cluster is refused with what each lacks."""

from typing import Any

import pytest

from axon.checks.fit import check_fit, node_of
from axon.steps import StepFailed
from stacks.settings import Stack

ROOM = {"cpu": "1930m", "memory": "7Gi", "pods": "110"}


def node(name: str, taints: list[str] | None = None, **room: str) -> Any:
    spec = {"taints": [{"key": key, "effect": "NoSchedule"} for key in taints or []]}
    allocatable = {**ROOM, **{key.replace("_", "/"): value for key, value in room.items()}}
    item = {"metadata": {"name": name}, "spec": spec, "status": {"allocatable": allocatable}}
    return node_of(item)


def stack(grows: bool = False, **model: Any) -> Stack:
    iris = {"predictor": {"image": "registry.example/iris:1"}, **model}
    return Stack.model_validate(
        {
            "cluster": {"kind": "existing", "grows": grows},
            "images": {"registry": "localhost:5000/axon"},
            "models": {"iris": iris},
        }
    )


GPU = node("gpu-1", ["nvidia.com/gpu"], **{"nvidia.com_gpu": "1"})


@pytest.mark.parametrize(
    "model",
    [
        {"compute": {"cpu": "1.9", "mem": "6Gi"}},
        {"compute": {"gpu": 1}},
        {"compute": {"cpu": "64"}, "paused": True},
    ],
)
def test_what_fits_on_one_node_is_right(model: dict[str, Any]) -> None:
    check_fit(stack(**model), [node("small"), node("large"), GPU, GPU])


def test_what_fits_nowhere_is_refused_with_what_each_node_has() -> None:
    with pytest.raises(StepFailed) as refused:
        check_fit(stack(compute={"cpu": "4", "mem": "16Gi"}), [node("small"), GPU])

    assert str(refused.value).splitlines() == [
        "axon:models.iris.compute: 4 cpu, 16.0Gi memory fit on no node:",
        "    small  has 1.93 cpu, 7.0Gi memory",
        "    gpu-1  has taint nvidia.com/gpu, 1.93 cpu, 7.0Gi memory",
        "Ask for less, or add a node; where nodes come by themselves, set `axon:cluster.grows: true`.",
    ]


def test_sidecars_count() -> None:
    beside = {"name": "b", "image": "registry.example/b:1", "compute": {"cpu": "1"}}
    predictor = {"image": "registry.example/iris:1", "containers": [beside]}

    with pytest.raises(StepFailed, match="2 cpu"):
        check_fit(stack(predictor=predictor, compute={"cpu": "1"}), [node("small")])


def test_a_cluster_that_grows_is_not_asked() -> None:
    check_fit(stack(grows=True, compute={"cpu": "64"}), [node("small")])


FEW: dict[str, Any] = {"compute": {"gpu": 1}, "autoscaling": {"min_replicas": 1}}


def test_an_update_that_would_wait_for_room_for_ever_is_refused() -> None:
    with pytest.raises(StepFailed, match="an update of 1 would have 2 replicas at once") as refused:
        check_fit(stack(**FEW), [node("small"), GPU])

    assert "all nodes together hold 1 (max_surge: 0" in str(refused.value)


@pytest.mark.parametrize(
    ("update", "nodes"),
    [({"max_surge": "0", "max_unavailable": "1"}, [GPU]), ({}, [GPU, GPU])],
    ids=["the old one goes first", "another node"],
)
def test_an_update_with_room_is_right(update: dict[str, Any], nodes: list[Any]) -> None:
    check_fit(stack(**FEW, update_strategy=update), nodes)


def test_more_replicas_than_all_nodes_hold_are_refused() -> None:
    update = {"max_surge": "0", "max_unavailable": "1"}
    with pytest.raises(StepFailed, match="min_replicas: 2 are wanted, and all nodes together hold 1"):
        check_fit(stack(**{**FEW, "autoscaling": {"min_replicas": 2}}, update_strategy=update), [GPU])
