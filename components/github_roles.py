"""The roles that GitHub's workflows take on AWS, without a stored key."""

import json
from collections.abc import Collection, Mapping

import pulumi
import pulumi_aws as aws

from components.deploy_policy import deploying, trying
from components.iam import Statement, allow, aws_managed, document, role
from components.registry import expiry
from components.state_store import StateStore
from stacks.settings.aws.eks import EksCluster
from stacks.settings.bootstrap import EPHEMERAL, GITHUB

# https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
_ISSUER = "token.actions.githubusercontent.com"
_AUDIENCE = "sts.amazonaws.com"
# Longer than most pull requests stay open; an image can be built again.
_KEPT_DAYS = 14


class GithubRoles(pulumi.ComponentResource):
    """For each environment a role that may deploy it and one that may read it for a preview.

    Each trusts the jobs of one environment of one repository, and these are GitHub's to guard: by reviewers,
    by branches.
    """

    arns: Mapping[str, pulumi.Output[str]]
    """The role of each of GitHub's environments: `dev`, `dev-preview`, …"""

    def __init__(
        self,
        name: str,
        repository: str,
        clusters: Mapping[str, EksCluster],
        *,
        store: StateStore,
        ephemeral: Collection[str] = (),
        provider: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Make them. `clusters` are the environments'; `provider` is GitHub's, if the account has it."""
        super().__init__("axon:github_roles:GithubRoles", name, None, opts)
        self._child, self._store, self._repository = pulumi.ResourceOptions(parent=self), store, repository
        self._issued = pulumi.Output.from_input(provider) if provider else self._issuer(name)
        arns: dict[str, pulumi.Output[str]] = {}
        for environment, cluster in clusters.items():
            arns[environment] = self._role(environment, deploying(cluster), "*")
            arns[f"{environment}-preview"] = self._role(f"{environment}-preview", [], None)
            if environment in ephemeral:
                key = f"{environment}-ephemeral"
                arns[key] = self._role(key, trying(cluster), "*/axon/pr-*")
        if ephemeral:
            self._repositories()
        self.arns = arns
        self.register_outputs({"arns": dict(arns)})

    def _repositories(self) -> None:
        """Let ECR make repositories for what pull requests push, and forget it soon."""
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

    def _role(self, name: str, statements: list[Statement], written: str | None) -> pulumi.Output[str]:
        """Make the role of one of GitHub's environments; `written` are its objects in the state's bucket."""
        subject = f"repo:{self._repository}:environment:{name}"
        made, _ = role(
            name,
            f"{GITHUB}-{name}",
            self._issued.apply(lambda arn: _trust(arn, subject)),
            policy_arns={"read": aws_managed("ReadOnlyAccess")},
            opts=self._child,
        )
        known = pulumi.Output.all(self._store.bucket_arn, self._store.key_arn)
        aws.iam.RolePolicy(
            name,
            name=name,
            role=made.name,
            policy=known.apply(lambda arns: document([*statements, *_state(arns[0], arns[1], written)])),
            opts=self._child,
        )
        return made.arn


def _trust(issuer: str, subject: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": issuer},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{_ISSUER}:aud": _AUDIENCE, f"{_ISSUER}:sub": subject}},
    }
    return document([statement])


def _state(bucket: str, key: str, written: str | None) -> list[Statement]:
    """Return what the engine does with its state; a preview writes its lock alone."""
    objects = [f"{bucket}/.pulumi/{each}" for each in ("locks/*", written) if each]
    with_key = ["kms:Decrypt", "kms:GenerateDataKey", *(["kms:Encrypt"] if written else [])]
    # What AWS calls reading includes what is in every other bucket.
    elsewhere = {"Effect": "Deny", "Action": ["s3:GetObject*"], "NotResource": [f"{bucket}/*"]}
    return [
        allow(["s3:ListBucket"], [bucket]),
        allow(["s3:GetObject"], [f"{bucket}/.pulumi/*"]),
        allow(["s3:PutObject", "s3:DeleteObject"], objects),
        allow(with_key, [key]),
        *([] if written == "*" else [elsewhere]),
    ]
