"""`make down` says what it removes, and wants a word where others would lose something with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from axon.checks import obstacles, removal
from axon.checks.removal import check_removable, removed
from axon.steps import StepFailed
from stacks.settings import Stack
from tests.unit.on_aws import cluster
from tests.unit.stand_ins import command

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

    monkeypatch.setattr(removal, "export", lambda *_: {"deployment": {"resources": made["state"]}})
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

    with pytest.raises(StepFailed, match=r"serves team-b, team-c too.*--confirm local`"):
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


VPC = resource("aws:ec2/vpc:Vpc", "vpc", id="vpc-1")
NAT = resource("aws:ec2/natGateway:NatGateway", "nat", id="nat-1")
BALANCER = resource("aws:lb/loadBalancer:LoadBalancer", "gateway", id="a", outputs={"arn": "arn:own"})
BUCKET = resource("aws:s3/bucket:Bucket", "models", id="models-1", outputs={"forceDestroy": False})


def interface(name: str, description: str, **tags: str) -> dict[str, Any]:
    rows = [{"Key": key.replace("_", ":"), "Value": value} for key, value in tags.items()]
    return {"NetworkInterfaceId": name, "Description": description, "TagSet": rows}


OWN = [
    interface("eni-1", "", axon_cluster="lab"),
    interface("eni-2", "aws-K8S-i-0123456789abcdef0"),
    interface("eni-3", "Amazon EKS lab"),
    interface("eni-4", "Interface for NAT Gateway nat-1"),
    interface("eni-5", "ELB net/gateway-1a2b3c/0123456789abcdef"),
]


def account(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> None:
    """What AWS answers to each verb; nothing to all others."""
    monkeypatch.setattr(obstacles, "_aws", lambda _, __, verb, *___: answers.get(verb.replace("-", "_"), {}))


def found(*resources: dict[str, Any]) -> list[str]:
    return list(obstacles.obstacles(cluster(), resources))


def test_nothing_of_the_stacks_own_stops_its_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"VpcId": "vpc-1", "LoadBalancerArn": "arn:own", "LoadBalancerName": "gateway"}
    elsewhere = {"VpcId": "vpc-2", "LoadBalancerArn": "arn:other", "LoadBalancerName": "other"}
    account(
        monkeypatch,
        describe_load_balancers={"LoadBalancers": [own, elsewhere]},
        describe_network_interfaces={"NetworkInterfaces": OWN},
    )

    assert found(VPC, NAT, BALANCER, BUCKET) == []


@pytest.mark.parametrize("kept", [{"Versions": [{}]}, {"DeleteMarkers": [{}]}])
def test_a_bucket_with_objects_stops_a_removal(monkeypatch: pytest.MonkeyPatch, kept: dict[str, Any]) -> None:
    account(monkeypatch, list_object_versions=kept)

    (line,) = found(BUCKET)
    assert "the bucket models-1 holds objects" in line
    assert found({**BUCKET, "outputs": {"forceDestroy": True}}) == []


def test_a_services_load_balancer_stops_a_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    other = {"VpcId": "vpc-1", "LoadBalancerArn": "arn:other", "LoadBalancerName": "k8s-shop"}
    old = {"VPCId": "vpc-1", "LoadBalancerName": "a1b2"}
    both = {"LoadBalancers": [other], "LoadBalancerDescriptions": [old]}
    account(monkeypatch, describe_load_balancers=both)

    assert [line.split(" is not")[0] for line in found(VPC, BALANCER)] == [
        "the load balancer k8s-shop",
        "the load balancer a1b2",
    ]


def test_what_somebody_put_into_the_vpc_stops_a_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = [interface("eni-9", "RDSNetworkInterface"), interface("eni-8", "", axon_cluster="other")]
    account(monkeypatch, describe_network_interfaces={"NetworkInterfaces": [*OWN, *theirs]})

    assert [line.split(" (")[0] for line in found(VPC, NAT)] == [
        "the network interface eni-9",
        "the network interface eni-8",
    ]


def test_what_would_stop_it_is_said_before_anything_is_removed(
    world: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    world["state"] = [*ON_AWS, BUCKET]
    account(monkeypatch, list_object_versions={"Versions": [{}]})
    stack = Stack.model_validate({"cluster": cluster()})

    with pytest.raises(StepFailed, match=r"in part, and nothing was removed:\n    the bucket models-1"):
        check_removable(stack, "dev", Path(), confirmed="dev")


def test_what_aws_does_not_let_us_see_is_said(commands: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command(commands, "aws", "echo AccessDenied >&2; exit 254")

    assert found(BUCKET) == []
    assert "not looked at (s3api list-object-versions): AccessDenied" in capsys.readouterr().out
