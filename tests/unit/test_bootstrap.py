"""What an AWS account has before any stack is in it: who may take which role, and what it may do."""

import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

import stacks.settings.bootstrap as bootstrap_settings
from components.github_roles import GithubRoles
from components.state_store import StateStore
from stacks.settings.bootstrap import Bootstrap, load_bootstrap_file
from stacks.settings.loading import SettingsError, load_file
from tests.unit.conftest import Recorder, arn
from tests.unit.on_aws import ACCOUNT, cluster

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
GOOD: dict[str, Any] = {
    "account": ACCOUNT,
    "region": "eu-west-1",
    "repository": "my-team/axon",
    "environments": ["dev", "prod"],
}
Deploy = Callable[[Callable[[], Any]], Recorder]


@pytest.fixture
def account(deploy: Deploy) -> Recorder:
    return deploy(lambda: made() and None)


def made(provider: str | None = None) -> GithubRoles:
    store = StateStore("state", Bootstrap.model_validate(GOOD))
    return GithubRoles(
        "github", "my-team/axon", {"dev": cluster()}, store=store, ephemeral=["dev"], provider=provider
    )


def statements(account: Recorder, role: str) -> list[dict[str, Any]]:
    return json.loads(account.named(POLICY)[role]["policy"])["Statement"]


def allowed(account: Recorder, role: str, action: str, resource: str) -> bool:
    """Say whether a role's own policy has a statement that allows this, whatever its condition."""
    return any(
        statement["Effect"] == "Allow"
        and any(fnmatchcase(action, pattern) for pattern in statement["Action"])
        and any(fnmatchcase(resource, pattern) for pattern in statement["Resource"])
        for statement in statements(account, role)
    )


@pytest.mark.parametrize("environment", ["dev", "dev-preview"])
def test_a_role_trusts_the_jobs_of_one_environment_of_one_repository(
    account: Recorder, environment: str
) -> None:
    trust = json.loads(account.named(ROLE)[environment]["assumeRolePolicy"])["Statement"]

    assert [statement["Action"] for statement in trust] == ["sts:AssumeRoleWithWebIdentity"]
    assert trust[0]["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": f"repo:my-team/axon:environment:{environment}",
        }
    }


def test_a_preview_writes_nothing_but_the_engines_locks(account: Recorder) -> None:
    store = f"{arn('state')}/.pulumi"

    assert allowed(account, "dev-preview", "s3:PutObject", f"{store}/locks/dev.json")
    assert not allowed(account, "dev-preview", "s3:PutObject", f"{store}/stacks/axon/dev.json")
    assert not allowed(account, "dev-preview", "kms:Encrypt", arn("state"))
    denied = [one for one in statements(account, "dev-preview") if one["Effect"] == "Deny"]
    assert denied == [{"Effect": "Deny", "Action": ["s3:GetObject*"], "NotResource": [f"{arn('state')}/*"]}]


@pytest.mark.parametrize(
    ("action", "resource", "may"),
    [
        ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/lab-nodes", True),
        ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/other-nodes", False),
        ("iam:CreateUser", "*", False),
        ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/axon-github-dev", False),
        ("eks:DeleteCluster", f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/lab", True),
        ("eks:DeleteCluster", f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/lab2", False),
        ("eks:DeleteNodegroup", f"arn:aws:eks:eu-west-1:{ACCOUNT}:nodegroup/lab/cpu/1", True),
        ("s3:DeleteBucket", "arn:aws:s3:::lab-models-1", True),
        ("s3:DeleteBucket", "arn:aws:s3:::others", False),
        ("ecr:PutImage", f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/lab/iris", True),
        ("organizations:LeaveOrganization", "*", False),
    ],
)
def test_a_deployment_may_do_what_its_own_stack_needs(
    account: Recorder, action: str, resource: str, may: bool
) -> None:
    assert allowed(account, "dev", action, resource) is may


def test_a_pull_requests_own_stack_reaches_its_own_state_and_images_alone(account: Recorder) -> None:
    state, ecr = f"{arn('state')}/.pulumi", f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository"

    def may(action: str, resource: str) -> bool:
        return allowed(account, "dev-ephemeral", action, resource)

    assert may("s3:PutObject", f"{state}/stacks/axon/pr-12.json")
    assert not may("s3:PutObject", f"{state}/stacks/axon/dev.json")
    assert may("ecr:PutImage", f"{ecr}/axon-ephemeral/iris")
    assert not may("ecr:PutImage", f"{ecr}/lab/iris")
    assert not may("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/lab-nodes")
    template = account.one("aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate")
    assert (template["prefix"], template["appliedFors"]) == ("axon-ephemeral", ["CREATE_ON_PUSH"])


def test_the_state_is_kept_encrypted_and_cannot_be_deleted_by_mistake(account: Recorder) -> None:
    encryption = account.one(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    by_default = encryption["rules"][0]["applyServerSideEncryptionByDefault"]

    assert by_default == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": arn("state")}
    assert account.options("aws:s3/bucket:Bucket").protect
    assert account.options("aws:kms/key:Key").protect


def test_an_account_that_knows_github_keeps_its_provider(deploy: Deploy) -> None:
    there = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    recorder = deploy(lambda: made(there) and None)

    assert recorder.all(PROVIDER) == []
    trust = json.loads(recorder.named(ROLE)["dev"]["assumeRolePolicy"])["Statement"][0]
    assert trust["Principal"] == {"Federated": there}


def test_no_role_of_a_stack_may_change_what_is_the_accounts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "Pulumi.main.yaml"
    file.write_text(yaml.safe_dump({"config": {"axon:bootstrap": {**GOOD, "environments": ["dev"]}}}))
    named = load_file("dev").model_copy(update={"cluster": cluster(name="axon")})
    monkeypatch.setattr(bootstrap_settings, "load_file", lambda stack: named)

    with pytest.raises(SettingsError, match="dev's cluster is called axon: its role could change axon-…"):
        load_bootstrap_file(file)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"account": "1111"}, '4: axon:bootstrap.account: "1111" is not an AWS account id'),
        ({"account": "999999999999"}, "dev is in another account, 111122223333"),
        ({"environments": ["local"]}, "local is not on AWS: it needs no role"),
        ({"environments": ["staging"]}, "Pulumi.staging.yaml: no such stack file"),
        ({"ephemeral": ["staging"]}, "bootstrap.ephemeral.0: staging is not one of `environments`"),
        ({"repository": "axon"}, "axon:bootstrap.repository"),
        ({"regoin": "eu-west-1"}, "axon:bootstrap.regoin: unknown key (try region)"),
    ],
    ids=str,
)
def test_a_wrong_file_says_where(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    file = tmp_path / "Pulumi.main.yaml"
    content = {"config": {"axon:bootstrap": {**GOOD, **wrong}}}
    file.write_text("# an account\n" + yaml.safe_dump(content, sort_keys=False))

    with pytest.raises(SettingsError) as refused:
        load_bootstrap_file(file)

    assert said in str(refused.value)
