"""What a stack keeps on AWS, and what it warns of: images, models, costs."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import components.on_aws
from components.budget import Budget
from components.model_store import ModelStore
from components.on_aws import cluster_on_aws
from components.registry import Registry
from stacks.settings import Stack
from stacks.settings.aws.extras import Budget as BudgetSettings
from tests.unit.conftest import Recorder, arn
from tests.unit.on_aws import cluster

REPOSITORY, BUCKET = "aws:ecr/repository:Repository", "aws:s3/bucket:Bucket"
RULES = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
Deploy = Callable[[Callable[[], Any]], Recorder]


def registry(deploy: Deploy, **settings: Any) -> Recorder:
    return deploy(lambda: Registry("registry", cluster(**settings), ["sklearn", "iris", "iris"]) and None)


def store(deploy: Deploy, **settings: Any) -> Recorder:
    return deploy(lambda: ModelStore("models", cluster(**settings)).bucket)


def test_each_image_has_a_repository_where_the_settings_look_for_it(deploy: Deploy) -> None:
    names = {repository["name"] for repository in registry(deploy).all(REPOSITORY)}

    assert names == {"lab/iris", "lab/sklearn"}
    assert cluster().registry == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/lab"


def test_a_tag_never_changes_its_meaning(deploy: Deploy) -> None:
    repositories = registry(deploy).all(REPOSITORY)

    assert {repository["imageTagMutability"] for repository in repositories} == {"IMMUTABLE"}
    assert all(repository["imageScanningConfiguration"]["scanOnPush"] for repository in repositories)


def test_images_that_nobody_needs_are_removed(deploy: Deploy) -> None:
    recorder = registry(deploy)
    policies = recorder.named("aws:ecr/lifecyclePolicy:LifecyclePolicy")

    assert policies.keys() == {"iris", "sklearn"}
    rules = json.loads(policies["iris"]["policy"])["rules"]
    assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged", "any"]
    assert [rule["rulePriority"] for rule in rules] == [1, 2]  # ECR wants `any` last


def test_a_repository_goes_with_its_model_and_its_images(deploy: Deploy) -> None:
    assert {repository["forceDelete"] for repository in registry(deploy).all(REPOSITORY)} == {True}


def test_a_protected_stack_keeps_the_images_of_a_removed_model(deploy: Deploy) -> None:
    recorder = registry(deploy, protected=True)

    assert {repository["forceDelete"] for repository in recorder.all(REPOSITORY)} == {False}
    assert all(recorder.options(REPOSITORY, name).protect for name in recorder.named(REPOSITORY))
    assert not registry(deploy).options(REPOSITORY, "iris").protect


def test_a_repository_that_is_kept_needs_no_model(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(components.on_aws, "EksCluster", lambda *_, **__: None)  # pyright: ignore[reportUnknownLambdaType]
    wanted = cluster(model_store={"enabled": False})
    stack = Stack.model_validate({"cluster": wanted, "images": {"registry": "r.example/a", "keep": ["iris"]}})

    recorder = deploy(lambda: cluster_on_aws(wanted, stack) and None)

    assert {repository["name"] for repository in recorder.all(REPOSITORY)} == {"lab/iris"}


def test_the_bucket_is_private_encrypted_and_versioned(deploy: Deploy) -> None:
    recorder = store(deploy)
    closed = recorder.one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    encryption = recorder.one(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    versioning = recorder.one("aws:s3/bucketVersioning:BucketVersioning")

    assert [value for key, value in closed.items() if key != "bucket"] == [True] * 4
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    assert encryption["rules"] == [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]


def test_nobody_reads_the_bucket_without_tls(deploy: Deploy) -> None:
    policy = store(deploy).one("aws:s3/bucketPolicy:BucketPolicy")["policy"]

    statement = json.loads(policy)["Statement"][0]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [arn("models"), f"{arn('models')}/*"]


def test_old_versions_and_unfinished_uploads_are_removed(deploy: Deploy) -> None:
    rule = store(deploy, model_store={"old_versions_days": 30}).one(RULES)["rules"][0]

    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert "expiration" not in rule  # what is current stays


def test_the_buckets_name_says_whose_it_is_and_fits(deploy: Deploy) -> None:
    prefix = store(deploy, name="a-cluster-of-20-char").one(BUCKET)["bucketPrefix"]

    assert prefix.startswith("a-cluster-of-20-char-")
    assert len(prefix) + 26 <= 63  # of which AWS' provider takes 26


@pytest.mark.parametrize(
    ("settings", "with_contents", "protected"),
    [
        ({}, False, False),
        ({"model_store": {"delete_with_contents": True}}, True, False),
        ({"protected": True}, False, True),
    ],
)
def test_models_are_lost_only_where_the_settings_say_so(
    deploy: Deploy, settings: dict[str, Any], with_contents: bool, protected: bool
) -> None:
    recorder = store(deploy, **settings)

    assert recorder.one(BUCKET).get("forceDestroy", False) is with_contents
    assert recorder.options(BUCKET).protect is protected


def test_a_budget_warns_of_what_the_stack_is_going_to_cost(deploy: Deploy) -> None:
    settings = BudgetSettings(monthly_usd=500, emails=["team@example.com"])
    budget = deploy(lambda: Budget("budget", "prod", settings) and None).one("aws:budgets/budget:Budget")

    assert (budget["limitAmount"], budget["limitUnit"], budget["timeUnit"]) == ("500", "USD", "MONTHLY")
    assert budget["costFilters"] == [{"name": "TagKeyValue", "values": ["user:axon:stack$prod"]}]
    notification = budget["notifications"][0]
    assert notification["notificationType"] == "FORECASTED"
    assert (notification["threshold"], notification["thresholdType"]) == (100, "PERCENTAGE")
    assert notification["subscriberEmailAddresses"] == ["team@example.com"]
