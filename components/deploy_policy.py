"""What a workflow may do on AWS, beside reading."""

from components.iam import Statement, allow
from stacks.settings.aws.eks import EksCluster
from stacks.settings.bootstrap import EPHEMERAL

# Services whose resources have no name before they are made: bounded by the region.
_IN_REGION = ["autoscaling:*", "ec2:*", "elasticloadbalancing:*"]
# Those that manage no resource of the stack's name, in any region.
_ANYWHERE = ["budgets:*", "route53:ChangeResourceRecordSets", "tag:TagResources", "tag:UntagResources"]
_EKS_KINDS = ["nodegroup", "addon", "access-entry", "podidentityassociation"]
_OF_KEYS = [
    "kms:CreateAlias",
    "kms:CreateGrant",
    "kms:CreateKey",
    "kms:DeleteAlias",
    "kms:EnableKeyRotation",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
]
_OF_ROLES = [
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
]
# Who is handed a role of the stack's (components/cluster.py, control_plane.py, network.py, iam.py).
_TAKERS = [
    "ec2.amazonaws.com",
    "eks.amazonaws.com",
    "pods.eks.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
]
# Roles of AWS' own services, which the first use in an account makes:
# https://docs.aws.amazon.com/eks/latest/userguide/using-service-linked-roles.html
_LINKED = ["autoscaling", "eks", "eks-nodegroup", "elasticloadbalancing", "spot"]


def deploying(cluster: EksCluster) -> list[Statement]:
    """Return what `pulumi up` needs for all that a stack makes, its names or its region being the limit."""
    name, account = cluster.name, cluster.account
    here = {"StringEquals": {"aws:RequestedRegion": cluster.region}}
    logs = [f"/aws/eks/{name}/*", f"/axon/{name}/*"]
    roles = f"arn:aws:iam::{account}:role/{name}-*"
    linked = [f"{service}.amazonaws.com" for service in _LINKED]
    return [
        allow(_IN_REGION, ["*"], here),
        allow(_ANYWHERE, ["*"]),
        allow(["eks:*"], [_eks(cluster, "cluster"), *(f"{_eks(cluster, kind)}/*" for kind in _EKS_KINDS)]),
        allow(["eks:CreateCluster"], ["*"], here),
        allow(["ecr:*"], [f"arn:aws:ecr:{cluster.region}:{account}:repository/{name}/*"]),
        allow(["ecr:GetAuthorizationToken"], ["*"]),
        allow(["s3:*"], [f"arn:aws:s3:::{name}-*"]),
        allow(["logs:*"], [f"arn:aws:logs:{cluster.region}:{account}:log-group:{group}" for group in logs]),
        allow(["kms:*"], [f"arn:aws:kms:{cluster.region}:{account}:alias/{name}-*"]),
        # A key has no name; those of others have policies, which name whom they let in.
        allow(_OF_KEYS, ["*"], here),
        allow(_OF_ROLES, [roles]),
        allow(["iam:PassRole"], [roles], {"StringEquals": {"iam:PassedToService": _TAKERS}}),
        allow(["iam:CreateServiceLinkedRole"], ["*"], {"StringEquals": {"iam:AWSServiceName": linked}}),
    ]


def trying(cluster: EksCluster) -> list[Statement]:
    """Return what a pull request's own stack needs beside the cluster: to push where nothing else is."""
    place = f"arn:aws:ecr:{cluster.region}:{cluster.account}:repository/{EPHEMERAL}/*"
    return [allow(["ecr:*"], [place]), allow(["ecr:GetAuthorizationToken"], ["*"])]


def _eks(cluster: EksCluster, kind: str) -> str:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html
    return f"arn:aws:eks:{cluster.region}:{cluster.account}:{kind}/{cluster.name}"
