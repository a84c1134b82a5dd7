"""`make down` says what it removes, and wants a word where others would lose something with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from local import removal
from local.removal import check_removable, removed
from local.steps import StepFailed
from stacks.settings import Stack

HERE = Stack.model_validate({"cluster": {"kind": "existing"}, "images": {"registry": "localhost:5000/axon"}})


def resource(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "urn": f"urn:pulumi:local::axon::{kind}::{name}", **more}


def namespace(name: str) -> dict[str, Any]:
    return resource("kubernetes:core/v1:Namespace", "models", outputs={"metadata": {"name": name}})


MODELS = [resource("axon:model_api:ModelApi", name) for name in ("iris", "digits")]
GUEST = [*MODELS, namespace("team-b")]
OWNER = [*MODELS, namespace("models"), resource("axon:platform:Gateway", "axon")]
ON_AWS = [*OWNER, resource("axon:cluster:EksCluster", "cluster")]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The state of the stack, and whose models are on the cluster."""
    made: dict[str, Any] = {"state": OWNER, "stacks": []}

    def deployments(*_: Any) -> str:
        items = [{"metadata": {"labels": {"axon.dev/stack": name}}} for name in made["stacks"]]
        return json.dumps({"items": items})

    monkeypatch.setattr(removal, "_resources", lambda *_: made["state"])
    monkeypatch.setattr(removal, "kubectl", deployments)
    return made


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        ([], "there is nothing to remove"),
        (GUEST, "removes 2 models (digits, iris); the namespace team-b (3 objects)"),
        (MODELS[:1], "removes 1 model (iris) (1 objects)"),
        (
            OWNER,
            "removes 2 models (digits, iris); the platform (gateway, metrics, autoscaling); "
            "the namespace models (4 objects)",
        ),
    ],
)
def test_what_would_be_removed_is_named(resources: list[dict[str, Any]], said: str) -> None:
    assert removed(resources) == said


def test_a_cluster_on_aws_is_named() -> None:
    assert "the cluster, with its nodes, network and stores" in removed(ON_AWS)


def test_a_stack_that_nobody_else_needs_is_removed_without_a_word(world: dict[str, Any]) -> None:
    check_removable(HERE, "local", Path())


@pytest.mark.parametrize("word", ["", "yes", "team-b"])
def test_a_platform_that_others_use_wants_the_stacks_name(world: dict[str, Any], word: str) -> None:
    world["stacks"] = ["team-b", "team-b", "team-c"]

    with pytest.raises(StepFailed, match=r"serves team-b, team-c too.*CONFIRM=local`"):
        check_removable(HERE, "local", Path(), confirmed=word)

    check_removable(HERE, "local", Path(), confirmed="local")


def test_a_guest_takes_nothing_from_others(world: dict[str, Any]) -> None:
    world["state"], world["stacks"] = GUEST, ["local"]

    check_removable(HERE, "team-b", Path())


def test_a_cluster_on_aws_wants_the_stacks_name(world: dict[str, Any]) -> None:
    world["state"] = ON_AWS

    with pytest.raises(StepFailed, match=r"nothing was removed: the stack has a cluster on AWS"):
        check_removable(HERE, "dev", Path())

    check_removable(HERE, "dev", Path(), confirmed="dev")
