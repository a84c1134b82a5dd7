"""What an entry of `axon:models` becomes on AWS, beside what it is anywhere."""

from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pytest

from components import ModelApi, Platform
from components.iam import document
from components.model_role import statements
from stacks.settings import Images, Model, Stack
from stacks.settings import Platform as PlatformSettings
from stacks.settings.aws.access import AwsAccess
from stacks.settings.aws.eks import EksCluster
from stacks.settings.checksums import checksum_problems
from tests.unit.conftest import Recorder, arn
from tests.unit.on_aws import CPU, EXISTING, cluster, on_aws

DEPLOYMENT, ACCOUNT = "kubernetes:apps/v1:Deployment", "kubernetes:core/v1:ServiceAccount"
ROLE, ASSOCIATION = "aws:iam/role:Role", "aws:eks/podIdentityAssociation:PodIdentityAssociation"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
READ = {"read": ["s3://models/iris/"]}
GPU = {"instance_types": ["g5.xlarge"], "taints": [{"key": "team", "value": "vision"}]}
VPC = {"existing": EXISTING}
Deploy = Callable[[Callable[[], Any]], Recorder]


def made(
    deploy: Deploy, settings: EksCluster | None = None, namespace: str = "models", **model: Any
) -> Recorder:
    wanted = settings or cluster(network=VPC)
    images = Images(registry=wanted.registry)

    def program() -> pulumi.Output[str]:
        opts = pulumi.ResourceOptions(provider=k8s.Provider("cluster"))
        platform = Platform(
            "platform", PlatformSettings(install=False, namespace=namespace), images, opts=opts
        )
        given = Model.model_validate({"predictor": {"image": "registry.example/iris:1"}, **model})
        groups = {name: aws.ec2.LaunchTemplate(name) for name in wanted.node_groups}
        on = replace(on_aws(wanted), node_groups=groups)
        return ModelApi("iris", given, images, platform=platform, on_aws=on, opts=opts).url

    return deploy(program)


def template(recorder: Recorder) -> dict[str, Any]:
    return recorder.one(DEPLOYMENT)["spec"]["template"]


def pod(recorder: Recorder) -> dict[str, Any]:
    return template(recorder)["spec"]


def may(read: str, action: str, key: str = "", prefix: str | None = None) -> bool:
    """Whether a model that may read a place may do something in the bucket `models`, as IAM has it."""
    bucket = "arn:aws:s3:::models"
    resource = f"{bucket}/{key}" if key else bucket
    return any(
        action in statement["Action"]
        and any(fnmatchcase(resource, pattern) for pattern in statement["Resource"])
        and _holds(statement.get("Condition", {}), prefix)
        for statement in statements(AwsAccess(read=[read]))
    )


def _holds(condition: dict[str, Any], prefix: str | None) -> bool:
    patterns = condition.get("StringLike", {}).get("s3:prefix")
    return patterns is None or any(fnmatchcase(prefix or "", pattern) for pattern in patterns)


@pytest.mark.parametrize(
    ("read", "key", "allowed"),
    [
        ("s3://models", "anything/at/all", True),
        ("s3://models/", "anything", True),
        ("s3://models/iris/", "iris/v1/model.joblib", True),
        ("s3://models/iris/", "iris-secret/model.joblib", False),
        ("s3://models/iris/", "other", False),
        ("s3://models/iris/model.joblib", "iris/model.joblib", True),
        ("s3://models/iris/model.joblib", "iris/model.joblib.bak", False),
        ("s3://models/iris", "iris/model.joblib", True),
        ("s3://others/iris/", "iris/model.joblib", False),
    ],
)
def test_a_model_reads_its_places_in_s3_and_nothing_beside_them(read: str, key: str, allowed: bool) -> None:
    assert may(read, "s3:GetObject", key) is allowed


@pytest.mark.parametrize("read", ["s3://models", "s3://models/iris/", "s3://models/iris/model.joblib"])
@pytest.mark.parametrize("action", ["s3:PutObject", "s3:DeleteObject", "s3:PutBucketPolicy"])
def test_a_model_writes_nothing(read: str, action: str) -> None:
    assert not may(read, action)
    assert not may(read, action, "iris/model.joblib")


@pytest.mark.parametrize(
    ("read", "prefix", "allowed"),
    [
        ("s3://models", None, True),
        ("s3://models", "anything", True),
        ("s3://models/iris/", "iris/", True),
        ("s3://models/iris/", "iris/v1/", True),
        ("s3://models/iris/", None, False),
        ("s3://models/iris/", "other/", False),
        ("s3://models/iris/", "iris-secret/", False),
    ],
)
def test_a_model_lists_its_places_alone(read: str, prefix: str | None, allowed: bool) -> None:
    assert may(read, "s3:ListBucket", prefix=prefix) is allowed


def test_a_model_with_access_has_a_service_account_and_a_role_of_its_own(deploy: Deploy) -> None:
    recorder = made(deploy, namespace="team-b", aws=READ)

    assert pod(recorder)["serviceAccountName"] == "iris"
    assert template(recorder)["metadata"]["annotations"], "replicas that run learn nothing of a new role"
    assert recorder.one(ACCOUNT)["metadata"]["namespace"] == "team-b"
    assert recorder.one(ROLE)["name"] == "lab-model-iris"
    assert recorder.one(ASSOCIATION) == {
        "clusterName": "lab",
        "namespace": "team-b",
        "serviceAccount": "iris",
        "roleArn": arn("iris"),
    }


def test_a_model_with_access_still_has_no_token_of_kubernetes(deploy: Deploy) -> None:
    recorder = made(deploy, aws=READ)

    assert recorder.one(ACCOUNT)["automountServiceAccountToken"] is False
    assert pod(recorder)["automountServiceAccountToken"] is False


def test_policies_of_ones_own_are_attached(deploy: Deploy) -> None:
    policies = [f"arn:aws:iam::111122223333:policy/{name}" for name in ("features", "team/queue")]

    recorder = made(deploy, aws={"policy_arns": policies})

    assert {row["policyArn"] for row in recorder.all(ATTACHMENT)} == set(policies)
    assert recorder.all("aws:iam/rolePolicy:RolePolicy") == []


def test_a_model_without_access_has_no_role(deploy: Deploy) -> None:
    recorder = made(deploy)

    assert recorder.all(ROLE) == recorder.all(ASSOCIATION) == []
    assert pod(recorder)["serviceAccountName"] == "iris", "of its own, and with no rights"
    assert "annotations" not in template(recorder)["metadata"]


@pytest.mark.parametrize(
    ("key", "resource"), [("gpu", "nvidia.com/gpu"), ("neuron", "aws.amazon.com/neuron")]
)
def test_a_model_with_a_device_gets_it_and_runs_where_it_is(deploy: Deploy, key: str, resource: str) -> None:
    found = pod(made(deploy, compute={key: 2}))
    resources = found["containers"][0]["resources"]

    assert resources["limits"][resource] == resources["requests"][resource] == "2"
    assert found["tolerations"] == [{"key": resource, "operator": "Exists"}]
    assert "affinity" not in found


def test_a_model_that_names_node_groups_runs_on_them_alone(deploy: Deploy) -> None:
    settings = cluster({"cpu": CPU, "gpu": GPU}, network=VPC)

    found = pod(made(deploy, settings, node_groups=["gpu", "cpu"]))

    required = found["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert required["nodeSelectorTerms"] == [
        {
            "matchExpressions": [
                {"key": "axon.dev/node-group", "operator": "In", "values": ["gpu", "cpu"]},
            ]
        }
    ]
    assert [row["key"] for row in found["tolerations"]] == ["nvidia.com/gpu", "team"]
    spread = found["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]
    assert spread == {"app.kubernetes.io/name": "iris"}


def test_a_model_on_arm_nodes_tolerates_that_they_are(deploy: Deploy) -> None:
    settings = cluster({"arm": {"instance_types": ["m7g.large"]}}, network=VPC)

    found = pod(made(deploy, settings, node_groups=["arm"]))

    assert [row["key"] for row in found["tolerations"]] == ["axon.dev/arch"]


def test_a_node_group_that_is_added_rolls_no_model_out_anew(deploy: Deploy) -> None:
    before, after = cluster({"cpu": CPU}, network=VPC), cluster({"cpu": CPU, "gpu": GPU}, network=VPC)

    assert made(deploy, before).one(DEPLOYMENT) == made(deploy, after).one(DEPLOYMENT)
    assert not {"affinity", "tolerations", "nodeSelector"} & pod(made(deploy, after)).keys()


def test_a_model_waits_for_its_role(deploy: Deploy) -> None:
    recorder = made(deploy, aws=READ)

    after = recorder.options(ACCOUNT).dependencies
    assert [urn for urn in after if "podIdentityAssociation" in urn]


def test_policies_of_one_name_are_both_attached(deploy: Deploy) -> None:
    policies = [f"arn:aws:iam::{owner}:policy/ReadOnlyAccess" for owner in ("aws", "111122223333")]

    recorder = made(deploy, aws={"policy_arns": policies})

    assert {row["policyArn"] for row in recorder.all(ATTACHMENT)} == set(policies)


def test_many_long_places_still_are_a_policy_that_iam_takes() -> None:
    places = [f"s3://models/{'long/' * 18}{number}/" for number in range(20)]

    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    assert len(document(statements(AwsAccess(read=places)))) < 10_240


@pytest.mark.parametrize(
    ("bucket", "more", "said"),
    [
        ("lab-models-20261127050000000000000001", {}, 0),
        ("lab-models-20261127050000000000000001", {"model_store": {"enabled": False}}, 1),
        ("lab-models-mine", {}, 1),
        ("other-models-20261127050000000000000001", {}, 1),
    ],
)
def test_a_model_in_the_stacks_own_bucket_needs_no_checksum(
    bucket: str, more: dict[str, Any], said: int
) -> None:
    predictor = {"type": "sklearn", "model": f"s3://{bucket}/iris.joblib"}
    model = Model.model_validate({"predictor": predictor})
    stack = Stack(cluster=cluster(**more), models={"iris": model})

    assert len(list(checksum_problems(stack))) == said


@pytest.mark.parametrize(
    ("node_groups", "waits_for"), [(["gpu"], {"gpu"}), (["cpu"], {"cpu"}), (["cpu", "gpu"], set[str]())]
)
def test_a_model_waits_for_the_node_group_that_it_cannot_do_without(
    deploy: Deploy, node_groups: list[str], waits_for: set[str]
) -> None:
    groups = {"cpu": CPU, "gpu": GPU}

    recorder = made(deploy, cluster(groups, network=VPC), node_groups=node_groups)

    waited = {urn.split("::")[-1] for urn in recorder.options(DEPLOYMENT).dependencies}
    assert waited & {"system", *groups} == waits_for
