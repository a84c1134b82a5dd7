"""IAM roles of GitHub's workflows, without a stored key."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.deploy_policy import deploying, trying
from components.iam import Statement, document
from components.read_policy import reading
from components.registry import expiry
from components.state_policy import StateKeys, state_access
from components.state_store import StateStore
from stacks.settings.account import EPHEMERAL, GITHUB, PULL_REQUEST, SESSION_MINUTES, Kind, job_environment
from stacks.settings.aws.eks import EksCluster
from stacks.settings.bootstrap import Github

# https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
_ISSUER = "token.actions.githubusercontent.com"
_AUDIENCE = "sts.amazonaws.com"
# Longer than most pull requests stay open; an image can be rebuilt.
_KEPT_DAYS = 14


class GithubRoles(pulumi.ComponentResource):
    """Roles per environment that deploy, preview a change, and detect drift.

    Each role trusts the jobs of one GitHub environment of one repository. GitHub protects the environments by
    branches and reviewers (axon/environments/protection.py).
    """

    arns: Mapping[str, pulumi.Output[str]]
    """Role per GitHub environment: `dev`, `dev-preview`, `dev-drift`, …"""

    def __init__(
        self,
        name: str,
        settings: Github,
        clusters: Mapping[str, EksCluster],
        *,
        store: StateStore,
        region: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the roles. `clusters` are those of the environments; `store` is in `region`."""
        super().__init__("axon:github_roles:GithubRoles", name, None, opts)
        self._child, self._settings = pulumi.ResourceOptions(parent=self), settings
        self._store, self._region = store, region
        self._issued = (
            pulumi.Output.from_input(settings.provider) if settings.provider else self._issuer(name)
        )
        arns: dict[str, pulumi.Output[str]] = {}
        for environment, cluster in clusters.items():
            own: dict[Kind, list[Statement]] = {"deploy": deploying(cluster), "preview": [], "drift": []}
            if environment in settings.ephemeral:
                own["ephemeral"] = trying(cluster)
            read = self._reading(environment, cluster)
            for kind, statements in own.items():
                arns[job_environment(environment, kind)] = self._role(environment, kind, statements, read)
        if settings.ephemeral:
            self._repositories()
        self.arns = arns
        self.register_outputs({"arns": dict(arns)})

    def _repositories(self) -> None:
        """Allow ECR to create repositories for the images of pull requests, with a short retention."""
        aws.ecr.RepositoryCreationTemplate(
            EPHEMERAL,
            prefix=EPHEMERAL,
            applied_fors=["CREATE_ON_PUSH"],
            image_tag_mutability="IMMUTABLE",
            lifecycle_policy=json.dumps({"rules": [expiry("any", days=_KEPT_DAYS)]}),
            opts=self._child,
        )

    def _issuer(self, name: str) -> pulumi.Output[str]:
        return aws.iam.OpenIdConnectProvider(
            name, url=f"https://{_ISSUER}", client_id_lists=[_AUDIENCE], opts=self._child
        ).arn

    def _reading(self, environment: str, cluster: EksCluster) -> aws.iam.Policy:
        """Create the policy that an environment's roles share; inlined in each role it would exceed IAM's
        size limit.
        """
        return aws.iam.Policy(
            environment,
            name=f"{GITHUB}-{environment}-read",
            policy=document(reading(cluster)),
            opts=self._child,
        )

    def _role(
        self, environment: str, kind: Kind, statements: list[Statement], read: aws.iam.Policy
    ) -> pulumi.Output[str]:
        name, store = job_environment(environment, kind), self._store
        subjects = self._settings.subjects(name)
        made = aws.iam.Role(
            name,
            name=f"{GITHUB}-{name}",
            assume_role_policy=self._issued.apply(lambda arn: _trust(arn, subjects)),
            max_session_duration=SESSION_MINUTES[kind] * 60,
            opts=self._child,
        )
        aws.iam.RolePolicyAttachment(f"{name}-read", role=made.name, policy_arn=read.arn, opts=self._child)
        known = pulumi.Output.all(store.bucket_arn, store.key_arn, store.secrets[environment])
        state = known.apply(lambda arns: _state(StateKeys(*arns, region=self._region), environment, kind))
        aws.iam.RolePolicy(
            name,
            name=name,
            role=made.name,
            policy=state.apply(lambda found: document([*statements, *found])),
            opts=self._child,
        )
        return made.arn


def _trust(issuer: str, subjects: list[str]) -> str:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Federated": issuer},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{_ISSUER}:aud": _AUDIENCE, f"{_ISSUER}:sub": subjects}},
    }
    return document([statement])


def _state(keys: StateKeys, environment: str, kind: Kind) -> list[Statement]:
    if kind == "deploy":
        return state_access(keys, read=[], written=[environment])
    # A pull request's own stack reads the endpoint of its base environment.
    written = [f"{PULL_REQUEST}*"] if kind == "ephemeral" else []
    return state_access(keys, read=[environment], written=written)
