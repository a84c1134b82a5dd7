"""IAM: policy documents as data, and roles that one service or one service account may assume."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from stacks.settings.aws.catalogue import managed_policies

Statement = Mapping[str, Any]


def allow(
    actions: Sequence[str], resources: Sequence[str], condition: Mapping[str, Any] | None = None
) -> Statement:
    """Return a statement that allows `actions` on `resources`."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return {**statement, "Condition": condition} if condition else statement


def deny(
    actions: Sequence[str], resources: Sequence[str], condition: Mapping[str, Any] | None = None
) -> Statement:
    """Return a statement that denies `actions` on `resources`, whatever other statements allow."""
    return {**allow(actions, resources, condition), "Effect": "Deny"}


def document(statements: Sequence[Statement]) -> str:
    """Return a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service: str, *, condition: Mapping[str, Any] | None = None, tagged: bool = False) -> str:
    """Return the trust policy of a role that an AWS service assumes, with session tags if `tagged`."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["sts:AssumeRole", "sts:TagSession"] if tagged else ["sts:AssumeRole"],
    }
    return document([{**statement, "Condition": condition} if condition else statement])


def aws_managed(name: str) -> str:
    """Return the ARN of an AWS-managed policy, including its path.

    Raises:
        KeyError: when `stacks/settings/aws/managed_policies.txt` does not have it.
    """
    return f"arn:aws:iam::aws:policy/{managed_policies()[name]}"


def role(
    name: str,
    full_name: str,
    assume_role_policy: pulumi.Input[str],
    *,
    boundary: str | None,
    policy_arns: Mapping[str, str] | None = None,
    statements: Sequence[Statement] = (),
    opts: pulumi.ResourceOptions,
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """Create a role and return it with its policies, for which every user of the role must wait.

    `boundary` is the ARN of the permissions boundary, which limits all policies of the role.
    """
    made = aws.iam.Role(
        name,
        name=full_name,
        assume_role_policy=assume_role_policy,
        permissions_boundary=boundary,
        opts=opts,
    )
    policies: list[pulumi.Resource] = [
        aws.iam.RolePolicyAttachment(f"{name}-{key}", role=made.name, policy_arn=arn, opts=opts)
        for key, arn in (policy_arns or {}).items()
    ]
    if statements:
        policies.append(
            aws.iam.RolePolicy(name, name=name, role=made.name, policy=document(statements), opts=opts)
        )
    return made, policies


def _fit(name: str) -> str:
    """Return a role's name shortened to IAM's 64 characters, still distinct from other long names."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return name if len(name) <= 64 else f"{name[:55]}-{digest}"


class PodRole(pulumi.ComponentResource):
    """Role that the pods of one service account assume, by EKS Pod Identity.

    The conditions exclude every other service account, namespace and cluster of the AWS account:
    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
    """

    arn: pulumi.Output[str]
    """The IAM role."""

    def __init__(
        self,
        name: str,
        cluster: str,
        *,
        namespace: str,
        service_account: str,
        boundary: str | None,
        full_name: str | None = None,
        policy_arns: Mapping[str, str] | None = None,
        statements: Sequence[Statement] = (),
        association: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the role. `association` is the cluster's name as an output; unset, the caller associates
        the role.
        """
        super().__init__("axon:iam:PodRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = {
            "aws:RequestTag/eks-cluster-name": cluster,
            "aws:RequestTag/kubernetes-namespace": namespace,
            "aws:RequestTag/kubernetes-service-account": service_account,
        }
        made, policies = role(
            name,
            _fit(full_name or f"{cluster}-{name}"),
            trust("pods.eks.amazonaws.com", condition={"StringEquals": tags}, tagged=True),
            boundary=boundary,
            policy_arns=policy_arns,
            statements=statements,
            opts=child,
        )
        self.policies = policies
        self.arn = made.arn
        if association is not None:
            aws.eks.PodIdentityAssociation(
                name,
                cluster_name=association,
                namespace=namespace,
                service_account=service_account,
                role_arn=made.arn,
                opts=pulumi.ResourceOptions(parent=self, depends_on=policies),
            )
        self.register_outputs({"arn": self.arn})
