"""Read permissions of a workflow on AWS: the configuration of a stack's resources, and no data in them."""

from components.iam import Statement, allow
from stacks.settings.aws.eks import EksCluster

# Lists and descriptions that AWS authorizes only per account, or that contain nothing secret.
_DESCRIPTIONS = [
    "acm:DescribeCertificate",
    "autoscaling:Describe*",
    "budgets:ListTagsForResource",
    "budgets:ViewBudget",
    "ec2:Describe*",
    "ecr:DescribePullThroughCacheRules",
    "ecr:DescribeRepositories",
    "eks:DescribeAddonVersions",
    "eks:DescribeClusterVersions",
    "elasticloadbalancing:Describe*",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListAliases",
    "kms:ListResourceTags",
    "logs:DescribeLogGroups",
    "route53:GetChange",
    "route53:GetHostedZone",
    "route53:ListHostedZones",
    "route53:ListResourceRecordSets",
    "route53:ListTagsForResource",
    "sts:GetCallerIdentity",
]
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
_OF_BUCKETS = [
    "s3:GetAccelerateConfiguration",
    "s3:GetBucket*",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
    "s3:ListTagsForResource",
]
_OF_ROLES = ["iam:GetRole", "iam:GetRolePolicy", "iam:List*"]
_OF_REPOSITORIES = [
    "ecr:DescribeImages",
    "ecr:GetLifecyclePolicy",
    "ecr:GetRepositoryPolicy",
    "ecr:ListTagsForResource",
]


def reading(cluster: EksCluster) -> list[Statement]:
    """Return the read permissions of `pulumi preview` and `pulumi refresh` of a stack."""
    name, place = cluster.name, f"{cluster.region}:{cluster.account}"
    # Node groups need the service-linked roles.
    roles = [f"arn:aws:iam::{cluster.account}:role/{each}" for each in (f"{name}-*", "aws-service-role/*")]
    logs = [f"arn:aws:logs:{place}:log-group:/{kind}/{name}/*" for kind in ("aws/eks", "axon")]
    return [
        allow(_DESCRIPTIONS, ["*"]),
        allow(["eks:Describe*", "eks:List*"], eks_arns(cluster)),
        allow(_OF_BUCKETS, [f"arn:aws:s3:::{name}-*"]),
        allow(_OF_ROLES, roles),
        allow(_OF_REPOSITORIES, [f"arn:aws:ecr:{place}:repository/{name}/*"]),
        allow(["logs:ListTagsForResource"], logs),
        # Release of the nodes' images: https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id.html
        allow(["ssm:GetParameter"], [f"arn:aws:ssm:{cluster.region}::parameter/aws/service/*"]),
    ]


def eks_arns(cluster: EksCluster) -> list[str]:
    """Return the ARNs of a cluster and of its EKS resources.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html
    """
    arn = f"arn:aws:eks:{cluster.region}:{cluster.account}"
    kinds = ("nodegroup", "addon", "access-entry", "podidentityassociation")
    return [f"{arn}:cluster/{cluster.name}", *(f"{arn}:{kind}/{cluster.name}/*" for kind in kinds)]
