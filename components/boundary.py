"""Permissions boundary: the maximum permissions of a stack's roles, whatever policies are attached to them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.iam import Statement, allow, deny, document
from stacks.settings.account import STATE, boundary_name, key_alias
from stacks.settings.aws.eks import EksCluster

# Actions of AWS' own policies for the control plane, nodes, network, volumes and Session Manager, and of the
# platform. Session Manager's ssm:GetParameter is left out: an account's parameters hold its secrets.
_IN_REGION = [
    "autoscaling:Describe*",
    "autoscaling:SetDesiredCapacity",
    "autoscaling:TerminateInstanceInAutoScalingGroup",
    "autoscaling:UpdateAutoScalingGroup",
    "ec2:AssignPrivateIpAddresses",
    "ec2:Attach*",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CopyVolumes",
    "ec2:CreateNetworkInterface",
    "ec2:CreateRoute",
    "ec2:CreateSecurityGroup",
    "ec2:CreateSnapshot",
    "ec2:CreateTags",
    "ec2:CreateVolume",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteRoute",
    "ec2:DeleteSecurityGroup",
    "ec2:DeleteSnapshot",
    "ec2:DeleteTags",
    "ec2:DeleteVolume",
    "ec2:Describe*",
    "ec2:Detach*",
    "ec2:EnableFastSnapshotRestores",
    "ec2:GetInstanceTypesFromInstanceRequirements",
    "ec2:LockSnapshot",
    "ec2:ModifyInstanceAttribute",
    "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:ModifyVolume",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:UnassignPrivateIpAddresses",
    "ec2messages:*",
    "ecr:BatchGetImage",
    "ecr:BatchImportUpstreamImage",
    "ecr:CreateRepository",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "eks-auth:AssumeRoleForPodIdentity",
    "eks:DescribeCluster",
    "eks:DescribeNodegroup",
    "elasticloadbalancing:*",
    "kms:DescribeKey",
    "ssm:DescribeAssociation",
    "ssm:DescribeDocument",
    "ssm:GetDeployablePatchSnapshotForInstance",
    "ssm:GetDocument",
    "ssm:GetManifest",
    "ssm:ListAssociations",
    "ssm:ListInstanceAssociations",
    "ssm:Put*",
    "ssm:Update*AssociationStatus",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:*",
]
_OF_LOGS = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
_OF_DNS = ["route53:ListHostedZones", "route53:ListResourceRecordSets", "route53:ListTagsForResources"]


class Boundaries(pulumi.ComponentResource):
    """Policy per environment that the environment's roles must have as their boundary."""

    def __init__(
        self,
        name: str,
        clusters: Mapping[str, EksCluster],
        model_actions: Sequence[str],
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the policies. `model_actions` are the actions that policies of models (`aws.policy_arns`)
        may allow.
        """
        super().__init__("axon:boundary:Boundaries", name, None, opts)
        for environment, cluster in clusters.items():
            aws.iam.Policy(
                environment,
                name=boundary_name(cluster.name),
                description=f"The most that a role of axon's {environment} may do",
                policy=document(boundary(cluster, model_actions)),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def boundary(cluster: EksCluster, model_actions: Sequence[str]) -> list[Statement]:
    """Return the maximum permissions of a stack's roles: those of the platform, and `model_actions`.

    No statement creates or changes an identity, so that a user who can create roles within the boundary
    cannot gain further permissions.
    """
    here = {"StringEquals": {"aws:RequestedRegion": cluster.region}}
    linked = {"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}}
    logs = f"arn:aws:logs:{cluster.region}:{cluster.account}:log-group:/axon/{cluster.name}/*"
    zones = [f"arn:aws:route53:::hostedzone/{zone}" for zone in _zones(cluster)]
    return [
        allow(_IN_REGION, ["*"], here),
        allow(_OF_LOGS, [logs]),
        # Models are fetched from any bucket that their stack file names.
        allow(["s3:GetObject", "s3:ListBucket"], ["*"]),
        *([allow(_OF_DNS, ["*"]), allow(["route53:ChangeResourceRecordSets"], zones)] if zones else []),
        allow(["iam:CreateServiceLinkedRole"], ["*"], linked),
        *([allow(model_actions, ["*"])] if model_actions else []),
        deny(["s3:*"], [f"arn:aws:s3:::{STATE}-*"]),
        deny(["kms:*"], ["*"], {"ForAnyValue:StringLike": {"kms:ResourceAliases": f"{key_alias()}*"}}),
    ]


def _zones(cluster: EksCluster) -> list[str]:
    return cluster.external_dns.zone_ids if cluster.external_dns else []
