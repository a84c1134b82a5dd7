"""The steps after `make bootstrap`: missing keys of stack files, and who can use GitHub's environments."""

from typing import Any

import yaml

from axon.environments.bootstrap_steps import next_steps
from stacks.settings.aws.eks import EksCluster
from stacks.settings.bootstrap import Bootstrap
from tests.unit.on_aws import ACCOUNT, cluster

GITHUB = {"repository": "me/models", "owner_id": 1, "repository_id": 2, "ephemeral": ["dev"]}


def settings(**changes: Any) -> Bootstrap:
    given = {"account": ACCOUNT, "region": "eu-west-1", "environments": ["dev"], "github": GITHUB}
    return Bootstrap.model_validate({**given, **changes})


def keys_of(text: str) -> dict[str, Any]:
    """The keys that a stack file lacks, read as YAML."""
    block = text.split("below axon:cluster:\n")[1].split("Create each stack")[0]
    return yaml.safe_load(block)


def test_what_a_stack_file_lacks_is_printed_as_it_has_to_stand_there() -> None:
    keys = keys_of(next_steps(settings(), {"dev": cluster()}))

    made = cluster(**keys)
    assert {
        name: (one.principal_arn.rpartition("/")[2], one.policy) for name, one in made.access.items()
    } == {
        "deployments": ("axon-github-dev", "cluster-admin"),
        "previews": ("axon-github-dev-preview", "view"),
        "drift": ("axon-github-dev-drift", "admin-view"),
        "ephemeral": ("axon-github-dev-ephemeral", "cluster-admin"),
    }
    assert made.permissions_boundary == f"arn:aws:iam::{ACCOUNT}:policy/axon-boundary-lab"


def test_what_stands_there_already_is_not_asked_for_again() -> None:
    keys = keys_of(next_steps(settings(), {"dev": cluster()}))

    assert "below axon:cluster" not in next_steps(settings(), {"dev": cluster(**keys)})
    other = {**keys, "access": {**keys["access"], "drift": {**keys["access"]["drift"], "policy": "view"}}}
    assert list(keys_of(next_steps(settings(), {"dev": cluster(**other)}))["access"]) == ["drift"]


def test_without_github_there_are_the_stacks_and_their_limits_alone() -> None:
    steps = next_steps(settings(github=None), {"dev": cluster()})

    assert list(keys_of(steps)) == ["permissions_boundary"]
    assert "GitHub" not in steps
    key = "awskms://alias/axon-state-dev?region=eu-west-1"
    assert f"pulumi stack init dev --secrets-provider '{key}'" in steps


def test_it_says_which_branches_may_use_an_environment() -> None:
    clusters: dict[str, EksCluster] = {"dev": cluster()}

    steps = [line.strip() for line in next_steps(settings(), clusters).splitlines()]

    assert steps[-4:] == [
        "dev: `main` only",
        "dev-preview: all branches of the repository, no forks",
        "dev-drift: `main` only",
        "dev-ephemeral: jobs that a reviewer has approved",
    ]
