"""What EKS failed to create is marked before an update (stand-ins for the `aws` and `pulumi` commands)."""

import json
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from axon.checks.failed_creation import KINDS, replace_failed
from axon.state import StateError
from stacks.settings import load_file
from tests.unit.stand_ins import command

GROUP, ADDON, CLUSTER = (
    "aws:eks/nodeGroup:NodeGroup",
    "aws:eks/addon:Addon",
    "aws:eks/cluster:Cluster",
)


def state(folder: Path, *resources: tuple[str, str]) -> dict[str, Any]:
    """Return a state of these resources, each a type and an id; `pulumi` writes its commands to `calls`."""
    rows = [
        {"urn": f"urn:pulumi:dev::axon::{kind}::{id_}", "type": kind, "id": id_} for kind, id_ in resources
    ]
    (folder / "calls").touch()
    command(folder, "pulumi", f'echo "$@" >> {folder}/calls')
    return {"deployment": {"resources": [{"urn": "urn:x", "type": "axon:x"}, *rows]}}


def answers(folder: Path, member: str, **found: Any) -> None:
    command(folder, "aws", f"echo '{json.dumps({member: found})}'")


@pytest.mark.parametrize(
    ("kind", "id_", "member", "status", "title"),
    [
        (GROUP, "axon-dev:cpu-2026", "nodegroup", "CREATE_FAILED", "node group cpu-2026"),
        (ADDON, "axon-dev:vpc-cni", "addon", "CREATE_FAILED", "add-on vpc-cni"),
        (CLUSTER, "axon-dev", "cluster", "FAILED", "cluster axon-dev"),
    ],
)
def test_what_failed_is_marked_with_its_reason(
    commands: Path, kind: str, id_: str, member: str, status: str, title: str
) -> None:
    found = state(commands, (kind, id_))
    issue = {"code": "NodeCreationFailure", "message": "Instances failed to join", "resourceIds": ["i-1"]}
    answers(commands, member, status=status, health={"issues": [issue]})

    (line,) = replace_failed(load_file("dev"), "dev", found, commands)

    assert line == f"AWS failed to create the {title} (Instances failed to join): it will be recreated"
    assert (
        commands / "calls"
    ).read_text() == f"state taint urn:pulumi:dev::axon::{kind}::{id_} --yes --stack dev --non-interactive\n"


@pytest.mark.parametrize("status", ["ACTIVE", "UPDATING", "DEGRADED", "DELETE_FAILED"])
def test_what_was_created_is_left_alone(commands: Path, status: str) -> None:
    found = state(commands, (GROUP, "axon-dev:cpu-2026"))
    answers(commands, "nodegroup", status=status)

    assert replace_failed(load_file("dev"), "dev", found, commands) == []
    assert (commands / "calls").read_text() == ""


def test_what_is_gone_is_left_to_the_refresh(commands: Path) -> None:
    found = state(commands, (ADDON, "axon-dev:vpc-cni"))
    command(commands, "aws", "echo 'An error occurred (ResourceNotFoundException)' >&2; exit 254")

    assert replace_failed(load_file("dev"), "dev", found, commands) == []


def test_aws_that_does_not_answer_stops_the_update(commands: Path) -> None:
    found = state(commands, (ADDON, "axon-dev:vpc-cni"))
    command(commands, "aws", "echo 'Could not connect to the endpoint URL' >&2; exit 255")

    with pytest.raises(StateError, match="aws eks describe-addon: Could not connect"):
        replace_failed(load_file("dev"), "dev", found, commands)


def test_aws_is_asked_of_the_stacks_region(commands: Path) -> None:
    found = state(commands, (GROUP, "axon-dev:cpu-2026"))
    command(commands, "aws", f'echo "$@" > {commands}/asked; echo "{{}}"')

    replace_failed(load_file("dev"), "dev", found, commands)

    asked = (commands / "asked").read_text().split()
    assert asked[:2] == ["eks", "describe-nodegroup"]
    options = dict(zip(asked[2::2], asked[3::2], strict=True))
    assert options == {
        "--cluster-name": "axon-dev",
        "--nodegroup-name": "cpu-2026",
        "--region": "eu-west-1",
        "--output": "json",
    }


def test_a_stack_that_is_not_on_aws_asks_nothing() -> None:
    assert replace_failed(load_file("local"), "local", {}) == []


@pytest.mark.parametrize(("kind", "shape"), [(GROUP, "Nodegroup"), (ADDON, "Addon"), (CLUSTER, "Cluster")])
def test_the_statuses_and_members_are_those_of_the_api(kind: str, shape: str) -> None:
    model = botocore.session.get_session().get_service_model("eks")
    told = KINDS[kind]
    operation = model.operation_model("".join(word.capitalize() for word in told.operation.split("-")))

    assert operation.output_shape.members[told.member].name == shape  # type: ignore[union-attr]
    assert told.failed in model.shape_for(shape).members["status"].enum  # type: ignore[attr-defined]
    wanted = {f"--{name}" for name in ("name", "cluster-name", "nodegroup-name", "addon-name")}
    assert set(told.options) <= wanted
    assert len(told.options) == len(operation.input_shape.required_members)  # type: ignore[union-attr]
