"""Every policy document that the program makes: no more than it says, and none that IAM refuses."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components import ModelApi, Platform
from components.addons import ClusterAddons, NodeAddons
from components.boundary import boundary
from components.iam import allow, document, trust
from components.model_role import statements
from components.model_store import ModelStore
from policies import POLICIES, Context, Resource, violations
from stacks.settings import Images, Model
from stacks.settings import Platform as PlatformSettings
from stacks.settings.aws.access import AwsAccess
from tests.doubles.policies import policy_failures
from tests.unit.conftest import Recorder
from tests.unit.iam_policies import allowed
from tests.unit.on_aws import cluster, on_aws

ROLE, INLINE = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
READ = ["s3://models", "s3://models/iris/", "s3://models/iris/model.joblib"]
SETTINGS = cluster(
    {"gpu": {"instance_types": ["g5.xlarge"]}},
    network={"flow_logs": True},
    external_dns={"zone_ids": ["Z0123456789ABCDEFGHIJ"]},
    permissions_boundary="arn:aws:iam::111122223333:policy/axon-boundary-lab",
)
Deploy = Callable[[Callable[[], Any]], Recorder]


def program() -> pulumi.Output[str]:
    """All that has a role, and all that has a policy, on a stack with everything."""
    aws, images = on_aws(SETTINGS), Images(registry=SETTINGS.registry)
    opts = pulumi.ResourceOptions(providers=[k8s.Provider("cluster"), aws.provider])
    before = NodeAddons("node-addons", SETTINGS, aws.cluster_name)
    ClusterAddons("cluster-addons", SETTINGS, aws.cluster_name, after=before.all)
    ModelStore("models", SETTINGS)
    platform = Platform("platform", PlatformSettings(), images, on_aws=aws, opts=opts)
    model = Model.model_validate({"predictor": {"image": "registry.example/iris:1"}, "aws": {"read": READ}})
    return ModelApi("iris", model, images, platform=platform, on_aws=aws, opts=opts).url


@pytest.fixture(scope="module")
def everything(deploy: Deploy) -> Recorder:
    return deploy(program)


def documents(recorder: Recorder) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every policy document, with its name, but for those that say who may take a role."""
    for kind in (INLINE, BUCKET_POLICY):
        for name, inputs in recorder.named(kind).items():
            yield f"{kind.split(':')[2]} {name}", json.loads(inputs["policy"])["Statement"]


def permitted(recorder: Recorder) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement that permits something."""
    for name, found in documents(recorder):
        yield from ((name, statement) for statement in found if statement["Effect"] == "Allow")


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def too_wide(statement: dict[str, Any]) -> str | None:
    """Say what is wrong with a statement that permits more than anything of this program needs."""
    actions = listed(statement["Action"])
    if any(action == "*" or action.endswith(":*") for action in actions):
        return "every action of a service"
    reads = all(action.split(":")[1].startswith(("Describe", "Get", "List")) for action in actions)
    if "*" in listed(statement["Resource"]) and not reads and "Condition" not in statement:
        return "a change of anything there is"
    return None


def test_the_policies_let_pass_all_that_the_program_makes(everything: Recorder) -> None:
    made = [Resource(one.typ, one.name, one.inputs) for one in everything.resources]
    of_aws = [one for one in made if one.type.startswith("aws:iam/") or one.type == BUCKET_POLICY]

    found = violations(POLICIES, of_aws, Context(production=True))

    assert len(of_aws) > 10
    assert [
        (violation.subject, violation.message) for violation in found if violation.subject != "the stack"
    ] == []


def test_the_walk_sees_every_role(everything: Recorder) -> None:
    names = {role["name"].removeprefix("lab-") for role in everything.all(ROLE)}

    assert names == {
        "aws-ebs-csi-driver",
        "cluster-autoscaler",
        "external-dns",
        "flow-logs",
        "load-balancer-controller",
        "logging",
        "model-iris",
        "vpc-cni",
    }
    assert len(dict(documents(everything))) == 7


def test_every_role_has_the_boundary_that_a_deployment_must_give_it(everything: Recorder) -> None:
    limits = {role.get("permissionsBoundary") for role in everything.all(ROLE)}

    assert limits == {SETTINGS.permissions_boundary}


def test_the_boundary_leaves_every_role_what_it_says(everything: Recorder) -> None:
    limit = boundary(SETTINGS, [])
    asked = [
        (action, resource.replace("*", "x"))
        for name, statement in permitted(everything)
        if name.startswith("RolePolicy ")
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]
    here = {"aws:RequestedRegion": SETTINGS.region}

    assert len(asked) > 30
    assert [one for one in asked if not allowed(limit, *one, here)] == []


def test_no_policy_permits_more_than_it_says(everything: Recorder) -> None:
    found = list(permitted(everything))

    assert len(found) >= 10
    assert [(name, reason) for name, statement in found if (reason := too_wide(statement))] == []


@pytest.mark.parametrize(
    ("actions", "resources", "refused"),
    [
        (["*"], ["*"], True),
        (["s3:*"], ["arn:aws:s3:::models/*"], True),
        (["s3:PutObject"], ["*"], True),
        (["s3:GetObject"], ["*"], False),
        (["s3:PutObject"], ["arn:aws:s3:::models/*"], False),
    ],
)
def test_the_rule_that_policies_are_held_to_refuses(
    actions: list[str], resources: list[str], refused: bool
) -> None:
    assert bool(too_wide({**allow(actions, resources)})) is refused


def test_iam_takes_every_policy_and_every_trust(everything: Recorder) -> None:
    found = [
        (row.name, failure)
        for row in everything.resources
        if row.typ in (ROLE, INLINE)
        for failure in policy_failures(row.typ, row.inputs)
    ]

    assert found == []


def test_what_a_bucket_refuses_is_what_iam_can_read(everything: Recorder) -> None:
    for inputs in everything.all(BUCKET_POLICY):
        policy = json.loads(inputs["policy"])
        # The validator is of identities' policies, which name no principal.
        for statement in policy["Statement"]:
            del statement["Principal"]
        assert list(policy_failures(INLINE, {"policy": json.dumps(policy)})) == []


def test_every_role_is_taken_by_one_service_under_a_condition(everything: Recorder) -> None:
    for role in everything.all(ROLE):
        (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
        assert statement["Principal"].keys() == {"Service"}, role["name"]
        assert statement["Condition"].keys() == {"StringEquals"}, role["name"]


@pytest.mark.parametrize("make", [partial(trust, "ec2.amazonaws.com"), partial(trust, "pods", tagged=True)])
def test_a_trust_without_a_condition_is_a_document_as_well(make: Callable[[], str]) -> None:
    assert list(policy_failures(ROLE, {"assumeRolePolicy": make()})) == []


def test_as_many_places_as_a_model_may_name_fit_into_its_policy() -> None:
    places = [f"s3://lab-111122223333-models/models/a-model-{number}/" for number in range(20)]
    policy = document(statements(AwsAccess(read=places)))

    assert list(policy_failures(INLINE, {"policy": policy})) == []
