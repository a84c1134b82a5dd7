"""Findings of changes that no golden report has."""

from typing import Any

import pytest

from axon.report.findings import Finding, Risk, counted
from axon.report.grouping import findings_of
from axon.report.preview import Change, Difference, Preview, read_preview, value_at
from tests.unit.gitops.scenarios import DEPLOYMENT, IRIS, ROUTE, SCALED_OBJECT, Scenario, unchanged

NETWORK = "urn:pulumi:dev::axon::axon:network:Network::network"
STORE = "urn:pulumi:dev::axon::axon:model_store:ModelStore::models"


def changed(owner: str, kind: str, name: str, op: Any, **more: Any) -> Preview:
    """A preview of one change below a component that stands."""
    urn = owner.replace("::axon::", "::axon::x$").rsplit("::", 1)[0] + f"${kind}::{name}"
    return Preview((Change("same", owner, component=True), Change(op, urn, owner, **more)))


def only(preview: Preview) -> Finding:
    (finding,) = findings_of(preview)
    return finding


@pytest.mark.parametrize(
    ("kind", "op", "text", "risk"),
    [
        (
            "aws:ec2/vpc:Vpc",
            "replace",
            "VPC one is replaced: everything in it is recreated",
            Risk.DESTRUCTIVE,
        ),
        ("aws:ec2/natGateway:NatGateway", "create", "1 NAT gateway added", Risk.NONE),
        ("aws:ec2/eip:Eip", "create", "1 public address added", Risk.NONE),
        ("aws:ec2/eip:Eip", "delete", "1 public address removed", Risk.DISRUPTIVE),
        ("aws:ec2/vpcEndpoint:VpcEndpoint", "update", "1 VPC endpoint updated in place", Risk.NONE),
        (
            "aws:ec2/routeTableAssociation:RouteTableAssociation",
            "delete",
            "1 route table association removed",
            Risk.NONE,
        ),
        (
            "aws:kms/key:Key",
            "delete",
            "KMS key one is deleted: data encrypted with it becomes unreadable",
            Risk.IRREVERSIBLE,
        ),
    ],
)
def test_a_loss_is_reported_with_its_risk(kind: str, op: str, text: str, risk: Risk) -> None:
    assert only(changed(NETWORK, kind, "one", op)) == Finding("", "network", text, risk)


def test_a_deleted_bucket_is_irreversible() -> None:
    finding = only(changed(STORE, "aws:s3/bucket:Bucket", "models", "delete"))

    assert (finding.name, finding.risk) == ("model store", Risk.IRREVERSIBLE)
    assert "its objects are lost" in finding.text


def test_changed_tags_are_no_risk() -> None:
    tags = (Difference('tags["team"]', "a", "b"),)
    finding = only(changed(STORE, "aws:s3/bucket:Bucket", "models", "update", differences=tags))

    assert (finding.text, finding.risk) == ("1 bucket updated in place", Risk.NONE)


def test_a_resource_of_no_part_belongs_to_the_cluster() -> None:
    urn = "urn:pulumi:dev::axon::aws:ec2/vpc:Vpc::mine"

    assert only(Preview((Change("create", urn),))).name == "cluster"


@pytest.mark.parametrize("kind", ["pulumi:providers:aws", "pulumi:pulumi:Stack"])
def test_resources_of_the_engine_itself_are_no_finding(kind: str) -> None:
    assert findings_of(Preview((Change("update", f"urn:pulumi:dev::axon::{kind}::x"),))) == []


def finding_of(scenario: Scenario) -> Finding:
    return only(scenario.preview())


def test_a_deployment_that_cannot_change_in_place_is_disruptive() -> None:
    scenario = unchanged()
    scenario.update(DEPLOYMENT, IRIS, {"spec.selector.matchLabels": {"a": "b"}}, op="replace")

    assert finding_of(scenario).text == "replicas are deleted and recreated, requests fail in the meantime"
    assert finding_of(scenario).risk == Risk.DISRUPTIVE


def test_a_new_rollout_strategy_restarts_no_replica() -> None:
    scenario = unchanged()
    scenario.update(DEPLOYMENT, IRIS, {"spec.strategy.rollingUpdate.maxSurge": "50%"})

    assert finding_of(scenario).risk == Risk.NONE
    assert "no replica is restarted" in finding_of(scenario).text


def test_two_replicas_survive_a_rollout_with_a_gap() -> None:
    scenario = unchanged()
    scenario.find(SCALED_OBJECT, IRIS)["newState"]["inputs"]["spec"]["minReplicaCount"] = 2
    image = "spec.template.spec.containers[0].image"
    scenario.update(
        DEPLOYMENT, IRIS, {image: "registry/iris:2", "spec.strategy.rollingUpdate.maxUnavailable": 1}
    )

    assert finding_of(scenario).risk == Risk.ROLLING
    assert "rolling update of 2 to 4 replicas, no downtime expected" in finding_of(scenario).text


def resized(low: int, high: int) -> str:
    """The finding of a group of 1 to 5 nodes that gets other bounds."""
    scenario = unchanged()
    bounds = {"scalingConfig.minSize": low, "scalingConfig.maxSize": high}
    scenario.update("aws:eks/nodeGroup:NodeGroup", "cpu-spot", bounds)
    return finding_of(scenario).text


def test_a_size_that_aws_may_reject_is_reported() -> None:
    assert "while fewer than 3 nodes are running: raise the desired size first" in resized(3, 5)
    assert "while more than 4 nodes are running: lower the desired size first" in resized(1, 4)
    assert resized(0, 9) == "1 to 5 nodes → 0 to 9 nodes, no node is replaced"


def test_a_lost_route_is_disruptive() -> None:
    scenario = unchanged()
    scenario.find(ROUTE, IRIS)["op"] = "delete"

    assert finding_of(scenario) == Finding(
        "model", IRIS, "/iris-classifier stops responding", Risk.DISRUPTIVE
    )


def test_a_new_role_of_a_model_is_reported_once() -> None:
    scenario = unchanged()
    owner = scenario.find(ROUTE, IRIS)["newState"]["parent"]
    for kind in ("aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "kubernetes:core/v1:ServiceAccount"):
        urn = f"{owner.rsplit('::', 1)[0]}$axon:iam:PodRole${kind}::{IRIS}"
        state = {"urn": urn, "custom": True, "parent": owner, "inputs": {}}
        scenario.add({"op": "create", "urn": urn, "newState": state})

    assert finding_of(scenario).text == "AWS permissions change"


def test_a_replacement_in_several_steps_is_one_change() -> None:
    urn = "urn:pulumi:dev::axon::aws:ec2/vpc:Vpc::vpc"
    state = {"urn": urn, "custom": True, "inputs": {}}
    steps = [
        {"op": op, "urn": urn, "oldState": state}
        for op in ("create-replacement", "replace", "delete-replaced")
    ]

    assert [change.op for change in read_preview({"steps": steps}).changes] == ["replace"]


def test_a_refreshed_resource_is_no_change() -> None:
    step = {"op": "refresh", "urn": "urn:pulumi:dev::axon::aws:ec2/vpc:Vpc::vpc"}

    assert read_preview({"steps": [step]}).changes == ()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b[1].c", 2),
        ('tags["axon:stack"]', "dev"),
        ("a.b[7].c", None),
        ("a.nothing.c", None),
    ],
)
def test_paths_are_those_of_the_engine(path: str, value: Any) -> None:
    assert value_at({"a": {"b": [{}, {"c": 2}]}, "tags": {"axon:stack": "dev"}}, path) == value


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [(1, "model", "1 model"), (2, "repository", "2 repositories"), (3, "NAT gateway", "3 NAT gateways")],
)
def test_counts_are_words(count: int, noun: str, text: str) -> None:
    assert counted(count, noun) == text
