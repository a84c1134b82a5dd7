"""Check that GitHub lets only the intended branches use an environment, and so its role on AWS."""

from collections.abc import Iterator, Mapping
from typing import Any

from axon.github import GithubError, Repository
from stacks.settings.account import job_environment
from stacks.settings.bootstrap import Bootstrap, Github

# Branch whose merges are deployed (.github/workflows/deploy.yaml).
BRANCH = "main"


def check_protection(repository: Repository, settings: Bootstrap) -> None:
    """Reject roles that everyone with push access to the repository could use.

    Raises:
        GithubError: with every environment that admits more than it should, or that does not exist.
    """
    if settings.github is None:
        return
    found = list(unprotected(repository, settings.environments, settings.github))
    if found:
        raise GithubError("\n".join([f"{repository.name} on GitHub is not ready for roles on AWS:", *found]))


def unprotected(repository: Repository, environments: list[str], settings: Github) -> Iterator[str]:
    """Yield the problems of a repository's environments, one per line.

    https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments
    """
    yield from _numbers(repository.read(""), settings)
    for environment in environments:
        for name in (job_environment(environment, "deploy"), job_environment(environment, "drift")):
            yield from _of_branch(repository, name)
        yield from _there(repository, job_environment(environment, "preview"))[1]
        if environment in settings.ephemeral:
            yield from _reviewed(repository, job_environment(environment, "ephemeral"))


def _numbers(found: Mapping[str, Any] | None, settings: Github) -> Iterator[str]:
    if found is None:
        yield f"  {settings.repository}: there is none, or the token may not read it"
        return
    for key, said in (("owner_id", found["owner"]["id"]), ("repository_id", found["id"])):
        if getattr(settings, key) != said:
            yield f"  axon:bootstrap.github.{key} is {getattr(settings, key)}, and GitHub says {said}"


def _there(repository: Repository, name: str) -> tuple[Mapping[str, Any] | None, list[str]]:
    found = repository.read(f"environments/{name}")
    return found, [] if found else [f"  {name}: no such environment (Settings, Environments, New)"]


def _of_branch(repository: Repository, name: str) -> Iterator[str]:
    """Yield the branches and tags, except the main branch, that may use an environment."""
    found, missing = _there(repository, name)
    yield from missing
    if found is None:
        return
    policy = found.get("deployment_branch_policy")
    if policy is None:
        yield f"  {name}: every branch may use it (Deployment branches: Selected, `{BRANCH}`)"
    elif policy["protected_branches"]:
        # Without any protected branch GitHub admits all branches.
        branch = repository.read(f"branches/{BRANCH}")
        if not (branch and branch["protected"]):
            yield f"  {name}: is for protected branches, and {BRANCH} is not one (Settings, Rules)"
    else:
        listed = repository.read(f"environments/{name}/deployment-branch-policies") or {}
        rules = [(one.get("type", "branch"), one["name"]) for one in listed.get("branch_policies", [])]
        # Everyone with push access may also create a tag of that name.
        if others := [f"{kind} {rule}" for kind, rule in rules if (kind, rule) != ("branch", BRANCH)]:
            yield f"  {name}: {', '.join(others)} may use it, too (leave the branch `{BRANCH}` alone)"


def _reviewed(repository: Repository, name: str) -> Iterator[str]:
    """Yield a problem if no review is required before a branch's code runs with an administrator's
    permissions.
    """
    found, missing = _there(repository, name)
    yield from missing
    rules = [rule["type"] for rule in found.get("protection_rules", [])] if found else []
    if found is not None and "required_reviewers" not in rules:
        yield f"  {name}: nobody has to approve its jobs (Required reviewers)"
