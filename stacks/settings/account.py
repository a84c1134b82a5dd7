"""Names that belong to an AWS account rather than to a stack: state, keys, roles, boundaries."""

from collections.abc import Mapping
from typing import Literal

# Prefixes of names: of the state's bucket and keys, of the roles for workflows, of the limits of a
# stack's roles, and of the repositories that ECR makes for what a pull request's own stack pushes.
STATE, GITHUB, BOUNDARY, EPHEMERAL = "axon-state", "axon-github", "axon-boundary", "axon-ephemeral"
# Prefix of the stacks of pull requests, before the number: https://docs.github.com/en/rest/pulls/pulls
PULL_REQUEST = "pr-"

Kind = Literal["deploy", "preview", "drift", "ephemeral"]
"""Purpose of a role for workflows."""

# Time limit of a job of each kind, and lifetime of its credentials: if they expired before the job ended, its
# state could not be saved. AWS allows 60 to 720 minutes, GitHub's runners 360:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html
# https://docs.github.com/en/actions/reference/limits
SESSION_MINUTES: Mapping[Kind, int] = {"deploy": 240, "preview": 60, "drift": 120, "ephemeral": 60}


def job_environment(environment: str, kind: Kind) -> str:
    """Return GitHub's environment whose jobs take the role of that kind."""
    return environment if kind == "deploy" else f"{environment}-{kind}"


def role_arn(account: str, environment: str, kind: Kind) -> str:
    """Return the ARN of a role for workflows."""
    return f"arn:aws:iam::{account}:role/{GITHUB}-{job_environment(environment, kind)}"


def boundary_name(cluster: str) -> str:
    """Return the name of the policy that limits every role of a cluster's stack."""
    return f"{BOUNDARY}-{cluster}"


def boundary_arn(account: str, cluster: str) -> str:
    """Return the ARN of the policy that limits every role of a cluster's stack."""
    return f"arn:aws:iam::{account}:policy/{boundary_name(cluster)}"


def key_alias(environment: str | None = None) -> str:
    """Return the alias of the key of an environment's secrets; without one, that of the state's bucket."""
    return f"alias/{STATE}-{environment}" if environment else f"alias/{STATE}"
