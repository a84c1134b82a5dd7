"""Checks of GitHub environments: only the intended jobs may use them, and so their AWS roles."""

from collections.abc import Iterator, Mapping
from typing import Any

from axon.github import GithubError, Repository
from stacks.settings.account import job_environment
from stacks.settings.bootstrap import Bootstrap, Github

# The branch that is deployed (.github/workflows/deploy.yaml).
BRANCH = "main"


def check_protection(repository: Repository, settings: Bootstrap) -> None:
    """Check that the roles cannot be assumed by everyone with write access to the repository.

    Raises:
        GithubError: with each environment that is missing or allows too much.
    """
    if settings.github is None:
        return
    problems = list(unprotected(repository, settings.environments, settings.github))
    if problems:
        raise GithubError("\n".join([f"{repository.name} on GitHub is not ready for AWS roles:", *problems]))


def unprotected(repository: Repository, environments: list[str], settings: Github) -> Iterator[str]:
    """Yield the problems of a repository's environments, a line each.

    https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments
    """
    yield from _numbers(repository.read(""), settings)
    for environment in environments:
        for name in (job_environment(environment, "deploy"), job_environment(environment, "drift")):
            yield from _of_branch(repository, name)
        yield from _environment(repository, job_environment(environment, "preview"))[1]
        if environment in settings.ephemeral:
            yield from _reviewed(repository, job_environment(environment, "ephemeral"))


def _numbers(data: Mapping[str, Any] | None, settings: Github) -> Iterator[str]:
    if data is None:
        yield f"  {settings.repository}: not found, or the token cannot read it"
        return
    for key, actual in (("owner_id", data["owner"]["id"]), ("repository_id", data["id"])):
        if getattr(settings, key) != actual:
            yield f"  axon:bootstrap.github.{key} must be {actual}, not {getattr(settings, key)}"


def _environment(repository: Repository, name: str) -> tuple[Mapping[str, Any] | None, list[str]]:
    environment = repository.read(f"environments/{name}")
    return environment, [] if environment else [
        f"  {name}: no such environment (Settings, Environments, New)"
    ]


def _of_branch(repository: Repository, name: str) -> Iterator[str]:
    """Yield what other than the main branch can use an environment."""
    environment, missing = _environment(repository, name)
    yield from missing
    if environment is None:
        return
    policy = environment.get("deployment_branch_policy")
    if policy is None:
        yield f"  {name}: every branch can use it (set Deployment branches: Selected, `{BRANCH}`)"
    elif policy["protected_branches"]:
        # Without any protected branch GitHub allows all branches.
        branch = repository.read(f"branches/{BRANCH}")
        if not (branch and branch["protected"]):
            yield f"  {name}: allows protected branches, but {BRANCH} is not protected (Settings, Rules)"
    else:
        listed = repository.read(f"environments/{name}/deployment-branch-policies") or {}
        rules = [(one.get("type", "branch"), one["name"]) for one in listed.get("branch_policies", [])]
        # Everyone with write access can create a tag of that name.
        if others := [f"{kind} {rule}" for kind, rule in rules if (kind, rule) != ("branch", BRANCH)]:
            yield f"  {name}: {', '.join(others)} can also use it (allow only the branch `{BRANCH}`)"


def _reviewed(repository: Repository, name: str) -> Iterator[str]:
    """Yield a problem if no reviewer must approve jobs that run with administrator permissions."""
    environment, missing = _environment(repository, name)
    yield from missing
    rules = [rule["type"] for rule in environment.get("protection_rules", [])] if environment else []
    if environment is not None and "required_reviewers" not in rules:
        yield f"  {name}: its jobs need no approval (set Required reviewers)"
