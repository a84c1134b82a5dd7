"""What an AWS account has before any stack is in it: its settings, who may take which role, its state."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import stacks.settings.bootstrap_file as bootstrap_file
from components.boundary import Boundaries
from components.github_roles import GithubRoles
from components.state_store import StateStore
from stacks.settings.account import SESSION_MINUTES
from stacks.settings.aws.eks import EksCluster
from stacks.settings.bootstrap import Bootstrap
from stacks.settings.bootstrap_file import load_bootstrap_file
from stacks.settings.loading import SettingsError, load_file
from tests.unit.conftest import Recorder, arn
from tests.unit.iam_policies import allowed, statements
from tests.unit.on_aws import ACCOUNT, cluster

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
ALIAS = "aws:kms/alias:Alias"
GITHUB: dict[str, Any] = {
    "repository": "my-team/axon",
    "owner_id": 123456,
    "repository_id": 456789,
    "ephemeral": ["dev"],
}
GOOD: dict[str, Any] = {
    "account": ACCOUNT,
    "region": "eu-west-1",
    "environments": ["dev", "prod"],
    "github": GITHUB,
}
ROLES = ["dev", "dev-preview", "dev-drift", "dev-ephemeral", "prod", "prod-preview", "prod-drift"]
STATE = f"{arn('state')}/.pulumi"
BY_S3 = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
Deploy = Callable[[Callable[[], Any]], Recorder]


def made(**github: Any) -> GithubRoles:
    settings = Bootstrap.model_validate({**GOOD, "github": {**GITHUB, **github}})
    clusters = {"dev": cluster(), "prod": cluster(name="production")}
    assert settings.github
    store = StateStore("state", settings)
    return GithubRoles("github", settings.github, clusters, store=store, region=settings.region)


@pytest.fixture(scope="module")
def account(deploy: Deploy) -> Recorder:
    return deploy(lambda: made() and None)


def own(account: Recorder, role: str) -> list[Any]:
    """What a role's own policy says; what its environment's roles may read is not in it."""
    return statements(account.named(POLICY)[role]["policy"])


@pytest.mark.parametrize("name", ROLES)
def test_a_role_trusts_the_jobs_of_one_environment_of_one_repository(account: Recorder, name: str) -> None:
    """In both forms of https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims."""
    trust = statements(account.named(ROLE)[name]["assumeRolePolicy"])

    assert [statement["Action"] for statement in trust] == ["sts:AssumeRoleWithWebIdentity"]
    assert trust[0]["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": [
                f"repo:my-team/axon:environment:{name}",
                f"repo:my-team@123456/axon@456789:environment:{name}",
            ],
        }
    }


def test_a_role_lets_its_jobs_stay_as_long_as_they_may_take(account: Recorder) -> None:
    """The workflows ask for the same: tests/unit/gitops/test_workflows.py."""
    minutes = {name: role["maxSessionDuration"] / 60 for name, role in account.named(ROLE).items()}

    assert minutes == {
        **dict.fromkeys(("dev", "prod"), SESSION_MINUTES["deploy"]),
        **dict.fromkeys(("dev-preview", "prod-preview"), SESSION_MINUTES["preview"]),
        **dict.fromkeys(("dev-drift", "prod-drift"), SESSION_MINUTES["drift"]),
        "dev-ephemeral": SESSION_MINUTES["ephemeral"],
    }


def test_an_account_that_knows_github_keeps_its_provider(deploy: Deploy) -> None:
    there = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    recorder = deploy(lambda: made(provider=there) and None)

    assert recorder.all(PROVIDER) == []
    trust = statements(recorder.named(ROLE)["dev"]["assumeRolePolicy"])[0]
    assert trust["Principal"] == {"Federated": there}


def test_an_account_without_github_has_a_store_and_limits_alone(deploy: Deploy) -> None:
    def program() -> None:
        settings = Bootstrap.model_validate({key: GOOD[key] for key in ("account", "region", "environments")})
        StateStore("state", settings)
        Boundaries("boundaries", {"dev": cluster()}, settings.model_actions)

    recorder = deploy(program)

    assert recorder.all(ROLE) == []
    assert sorted(one["name"] for one in recorder.all(ALIAS)) == [
        "alias/axon-state",
        "alias/axon-state-dev",
        "alias/axon-state-prod",
    ]
    assert recorder.one("aws:iam/policy:Policy")["name"] == "axon-boundary-lab"


# The engine's files of a stack: https://github.com/pulumi/pulumi/tree/v3.272.0/pkg/backend/diy
def files(stack: str) -> list[str]:
    return [
        f"{STATE}/stacks/axon/{stack}.json",
        f"{STATE}/stacks/axon/{stack}.json.bak",
        f"{STATE}/stacks/axon/{stack}.pulumi-tags",
        f"{STATE}/history/axon/{stack}/{stack}-1795000000000000000.history.json",
        f"{STATE}/backups/axon/{stack}/{stack}.1795000000000000000.json",
        f"{STATE}/journal/axon/{stack}/1.json",
    ]


def lock(stack: str) -> str:
    return f"{STATE}/locks/organization/axon/{stack}/3f0e.json"


@pytest.mark.parametrize(
    ("role", "read", "written"),
    [
        ("dev", ["dev"], ["dev"]),
        ("dev-preview", ["dev"], []),
        ("dev-drift", ["dev"], []),
        ("dev-ephemeral", ["dev", "pr-12"], ["pr-12"]),
        ("prod", ["prod"], ["prod"]),
        ("prod-preview", ["prod"], []),
    ],
)
def test_a_role_reads_writes_and_locks_the_state_of_its_own_stacks(
    account: Recorder, role: str, read: list[str], written: list[str]
) -> None:
    policy = own(account, role)
    stacks = ["dev", "prod", "dev2", "dev-2", "pr-12", "main"]

    def may(action: str, *places: str) -> set[bool]:
        return {allowed(policy, action, place) for place in places}

    assert [one for one in stacks if may("s3:GetObject", *files(one)) == {True}] == read
    assert [one for one in stacks if may("s3:PutObject", *files(one)) == {True}] == written
    assert [one for one in stacks if may("s3:DeleteObject", *files(one)) == {True}] == written
    assert [one for one in stacks if may("s3:PutObject", lock(one)) == {True}] == read
    others = [one for one in stacks if one not in read]
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert may(action, *(file for one in others for file in (*files(one), lock(one)))) == {False}
        assert may(action, f"{STATE}/stacks/axon-bootstrap/main.json") == {False}
    assert may("s3:GetObject", f"{STATE}/meta.yaml") == {True}
    assert may("s3:PutObject", f"{STATE}/meta.yaml") == {False}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_decrypts_the_secrets_of_its_own_environment_alone(account: Recorder, role: str) -> None:
    policy, environment = own(account, role), role.partition("-")[0]
    other = "prod" if environment == "dev" else "dev"

    assert allowed(policy, "kms:Decrypt", arn(f"state-{environment}"))
    assert not allowed(policy, "kms:Decrypt", arn(f"state-{other}"))
    # The bucket's key is for S3 to use, on objects that the role may read.
    assert allowed(policy, "kms:Decrypt", arn("state"), BY_S3)
    assert not allowed(policy, "kms:Decrypt", arn("state"))


def test_a_preview_encrypts_no_secrets(account: Recorder) -> None:
    assert allowed(own(account, "dev"), "kms:Encrypt", arn("state-dev"))
    assert not allowed(own(account, "dev-preview"), "kms:Encrypt", arn("state-dev"))


def test_a_pull_requests_own_stack_pushes_where_nothing_else_is(account: Recorder) -> None:
    ecr, policy = f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository", own(account, "dev-ephemeral")

    assert allowed(policy, "ecr:PutImage", f"{ecr}/axon-ephemeral/iris")
    assert not allowed(policy, "ecr:PutImage", f"{ecr}/lab/iris")
    assert not allowed(policy, "iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/lab-nodes")
    template = account.one("aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate")
    assert (template["prefix"], template["appliedFors"]) == ("axon-ephemeral", ["CREATE_ON_PUSH"])


def test_the_state_is_kept_encrypted_and_cannot_be_deleted_by_mistake(account: Recorder) -> None:
    encryption = account.one(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    by_default = encryption["rules"][0]["applyServerSideEncryptionByDefault"]

    assert by_default == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": arn("state")}
    assert account.options("aws:s3/bucket:Bucket").protect
    assert [one.protect for one in account.requests if one.type == "aws:kms/key:Key"] == [True] * 3
    # A deployment may tag new keys alone, and change those that have its tag.
    assert [key["tags"] for key in account.all("aws:kms/key:Key")] == [{"axon:cluster": "axon-state"}] * 3


def named(monkeypatch: pytest.MonkeyPatch, **clusters: EksCluster) -> None:
    stack = load_file("dev")
    monkeypatch.setattr(
        bootstrap_file, "load_file", lambda name: stack.model_copy(update={"cluster": clusters[name]})
    )


def written(tmp_path: Path, **settings: Any) -> Path:
    file = tmp_path / "Pulumi.main.yaml"
    content = {"config": {"axon:bootstrap": {**GOOD, **settings}}}
    file.write_text("# an account\n" + yaml.safe_dump(content, sort_keys=False))
    return file


def test_no_role_of_a_stack_may_change_what_is_the_accounts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named(monkeypatch, dev=cluster(name="axon"))

    with pytest.raises(SettingsError, match="dev's cluster is called axon: its role could change axon-…"):
        load_bootstrap_file(written(tmp_path, environments=["dev"]))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"dev": "one", "dev-blue": "two"}, "dev-blue begins with dev-: the roles of dev and dev-blue"),
        ({"dev": "lab", "prod": "lab-2"}, "dev's cluster is called lab: its role could change lab-2"),
        ({"dev": "lab", "prod": "lab"}, "dev's cluster is called lab: its role could change lab, which"),
        ({"dev": "lab", "pr-1": "two"}, "pr-1: stacks called pr-… are those of pull requests"),
    ],
)
def test_environments_whose_rights_would_overlap_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, names: dict[str, str], said: str
) -> None:
    clusters = {environment: cluster(name=name) for environment, name in names.items()}
    named(monkeypatch, **clusters)

    with pytest.raises(SettingsError) as refused:
        load_bootstrap_file(written(tmp_path, environments=list(names)))

    assert said in str(refused.value)


def test_names_that_only_look_alike_are_not_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named(monkeypatch, dev=cluster(name="lab"), dev2=cluster(name="lab2"))

    settings, clusters = load_bootstrap_file(written(tmp_path, environments=["dev", "dev2"]))

    assert list(clusters) == settings.environments == ["dev", "dev2"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"account": "1111"}, '4: axon:bootstrap.account: "1111" is not an AWS account id'),
        ({"account": "999999999999"}, "dev is in another account, 111122223333"),
        ({"environments": ["local"]}, "local is not on AWS: it needs no role"),
        ({"environments": ["staging"]}, "Pulumi.staging.yaml: no such stack file"),
        ({"github": {**GITHUB, "ephemeral": ["staging"]}}, "staging is not one of `environments`"),
        ({"github": {**GITHUB, "repository": "axon"}}, "axon:bootstrap.github.repository"),
        ({"regoin": "eu-west-1"}, "axon:bootstrap.regoin: unknown key (try region)"),
        ({"model_actions": ["iam:PassRole"]}, "what makes or takes identities is not a model's to have"),
        ({"model_actions": ["dynamodb:*"]}, "name the actions (such as dynamodb:Get*)"),
    ],
    ids=str,
)
def test_a_wrong_file_says_where(tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_bootstrap_file(written(tmp_path, **wrong))

    assert said in str(refused.value)


def test_githubs_numbers_are_asked_for_with_the_command_that_finds_them(tmp_path: Path) -> None:
    github = {key: value for key, value in GITHUB.items() if key != "owner_id"}

    with pytest.raises(SettingsError) as refused:
        load_bootstrap_file(written(tmp_path, github=github))

    assert "axon:bootstrap.github: needs owner_id, which GitHub puts into its tokens" in str(refused.value)
    assert "gh api repos/my-team/axon --jq '{owner_id: .owner.id, repository_id: .id}'" in str(refused.value)
