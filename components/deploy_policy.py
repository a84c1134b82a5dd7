"""Permissions of a workflow that deploys a stack, limited to resources with the stack's names or tag."""

from components.iam import Statement, allow
from components.read_policy import eks_arns
from stacks.settings.account import EPHEMERAL, boundary_arn
from stacks.settings.aws.eks import EksCluster

# EC2 resources that the stack creates with tags; their parents have tags already.
_CREATED = {
    "AllocateAddress": "elastic-ip",
    "AuthorizeSecurityGroupEgress": "security-group-rule",
    "AuthorizeSecurityGroupIngress": "security-group-rule",
    "CreateFlowLogs": "vpc-flow-log",
    "CreateInternetGateway": "internet-gateway",
    "CreateLaunchTemplate": "launch-template",
    "CreateNatGateway": "natgateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
}
# EKS checks whether the creator of a node group may start instances by its launch template:
# https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html
_STARTED = ["instance", "network-interface", "volume"]
_OF_RULES = [
    "ec2:AuthorizeSecurityGroup*",
    "ec2:ModifySecurityGroupRules",
    "ec2:RevokeSecurityGroup*",
]
_OF_KEYS = [
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:EnableKeyRotation",
    "kms:ScheduleKeyDeletion",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
]
_OF_ALIASES = ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"]
# ECR's pull-through cache rules apply to the whole registry, which is the account's:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
_OF_CACHE_RULES = [
    "ecr:CreatePullThroughCacheRule",
    "ecr:DeletePullThroughCacheRule",
    "ecr:UpdatePullThroughCacheRule",
]
# Actions that extend a role: allowed only for roles that have the boundary.
_WITHIN_BOUNDARY = [
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
]
_OF_ROLES = ["iam:DeleteRole", "iam:TagRole", "iam:UntagRole", "iam:UpdateRole", "iam:UpdateRoleDescription"]
# Services to which the stack passes a role (components/cluster.py, control_plane.py, network.py, iam.py).
_ROLE_SERVICES = [
    "ec2.amazonaws.com",
    "eks.amazonaws.com",
    "pods.eks.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
]
# Service-linked roles, which the first use in an account creates:
# https://docs.aws.amazon.com/eks/latest/userguide/using-service-linked-roles.html
_LINKED = ["autoscaling", "eks", "eks-nodegroup", "elasticloadbalancing", "spot"]


def deploying(cluster: EksCluster) -> list[Statement]:
    """Return what `pulumi up` changes, in addition to its read permissions (components/read_policy.py)."""
    return [
        *_ec2(cluster),
        *_load_balancers(cluster),
        *_named(cluster),
        *_keys(cluster),
        *_roles(cluster),
        *_dns_and_budget(cluster),
    ]


def trying(cluster: EksCluster) -> list[Statement]:
    """Return the permissions of a pull request's own stack beyond the cluster: pushes to its own
    repositories.
    """
    place = f"arn:aws:ecr:{cluster.region}:{cluster.account}:repository/{EPHEMERAL}/*"
    return [allow(["ecr:*"], [place]), allow(["ecr:GetAuthorizationToken"], ["*"])]


def _own(cluster: EksCluster) -> dict[str, dict[str, str]]:
    """Return the condition that a changed resource has the stack's tag."""
    return {"StringEquals": {"aws:ResourceTag/axon:cluster": cluster.name}}


def _tagged(cluster: EksCluster) -> dict[str, dict[str, str]]:
    """Return the condition that a created resource gets the stack's tag."""
    return {"StringEquals": {"aws:RequestTag/axon:cluster": cluster.name}}


def _ec2(cluster: EksCluster) -> list[Statement]:
    arn = f"arn:aws:ec2:{cluster.region}:{cluster.account}"
    kinds = [f"{arn}:{kind}/*" for kind in sorted({*_CREATED.values(), *_STARTED})]
    made = [f"ec2:{action}" for action in _CREATED]
    # EKS creates the security group of nodes, and tags the group with the cluster's name.
    of_eks = {"StringEquals": {"aws:ResourceTag/aws:eks:cluster-name": cluster.name}}
    at_birth = {**_tagged(cluster), "Null": {"ec2:CreateAction": "false"}}
    # Each VPC has a default security group without tags; the stack removes its rules.
    untagged = {
        "Null": {f"aws:ResourceTag/{key}": "true" for key in ("axon:cluster", "aws:eks:cluster-name")}
    }
    return [
        allow([*made, "ec2:RunInstances"], kinds, _tagged(cluster)),
        allow(["ec2:CreateTags"], [f"{arn}:*/*"], at_birth),
        allow(["ec2:*"], [f"{arn}:*/*"], _own(cluster)),
        allow([*_OF_RULES, "ec2:RunInstances"], [f"{arn}:security-group/*"], of_eks),
        allow(["ec2:RunInstances"], [f"arn:aws:ec2:{cluster.region}::image/*"]),
        allow(["ec2:CreateTags", "ec2:RevokeSecurityGroup*"], [f"{arn}:security-group/*"], untagged),
        *_existing_vpc(cluster, arn),
    ]


def _existing_vpc(cluster: EksCluster, arn: str) -> list[Statement]:
    """Allow the stack to use a VPC of another owner, without the stack's tags."""
    existing = cluster.network.existing
    if existing is None:
        return []
    subnets = [*existing.private_subnets.values(), *existing.public_subnets.values()]
    used = [f"{arn}:vpc/{existing.vpc}", *(f"{arn}:subnet/{subnet}" for subnet in subnets)]
    return [allow(["ec2:CreateSecurityGroup", "ec2:RunInstances"], used)]


def _load_balancers(cluster: EksCluster) -> list[Statement]:
    arn = f"arn:aws:elasticloadbalancing:{cluster.region}:{cluster.account}"
    made = ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"]
    at_birth = {**_tagged(cluster), "Null": {"elasticloadbalancing:CreateAction": "false"}}
    # EKS tags the Auto Scaling group of a node group with the cluster's name.
    of_eks = {"StringEquals": {"aws:ResourceTag/eks:cluster-name": cluster.name}}
    groups = f"arn:aws:autoscaling:{cluster.region}:{cluster.account}:autoScalingGroup:*"
    return [
        allow(made, [f"{arn}:*"], _tagged(cluster)),
        allow(["elasticloadbalancing:AddTags"], [f"{arn}:*"], at_birth),
        allow(["elasticloadbalancing:*"], [f"{arn}:*"], _own(cluster)),
        allow(["autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags"], [groups], of_eks),
    ]


def _named(cluster: EksCluster) -> list[Statement]:
    name, place = cluster.name, f"{cluster.region}:{cluster.account}"
    logs = [f"arn:aws:logs:{place}:log-group:/{kind}/{name}/*" for kind in ("aws/eks", "axon")]
    # Otherwise any user who assumes this role could create a cluster with administrator access.
    no_creator_access = {"Bool": {"eks:bootstrapClusterCreatorAdminPermissions": "false"}}
    return [
        allow(["eks:*"], eks_arns(cluster)),
        allow(["eks:CreateCluster"], ["*"], {**_tagged(cluster), **no_creator_access}),
        allow(["ecr:*"], [f"arn:aws:ecr:{place}:repository/{name}/*"]),
        allow(["ecr:GetAuthorizationToken"], ["*"]),
        *([allow(_OF_CACHE_RULES, ["*"])] if cluster.image_cache else []),
        allow(["s3:*"], [f"arn:aws:s3:::{name}-*"]),
        allow(["logs:*"], logs),
    ]


def _keys(cluster: EksCluster) -> list[Statement]:
    arn = f"arn:aws:kms:{cluster.region}:{cluster.account}"
    # EKS grants itself the use of the key, on behalf of the creator of the cluster:
    # https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html
    for_aws = {**_own(cluster), "Bool": {"kms:GrantIsForAWSResource": "true"}}
    # A new key has no tags when it gets its first; keys of other stacks, and of the state, have theirs.
    not_others = {**_tagged(cluster), "StringEqualsIfExists": _own(cluster)["StringEquals"]}
    return [
        allow(["kms:CreateKey"], ["*"], _tagged(cluster)),
        allow(["kms:TagResource"], [f"{arn}:key/*"], not_others),
        allow(_OF_ALIASES, [f"{arn}:alias/{cluster.name}-*"]),
        allow(_OF_KEYS, [f"{arn}:key/*"], _own(cluster)),
        allow(["kms:CreateGrant"], [f"{arn}:key/*"], for_aws),
    ]


def _roles(cluster: EksCluster) -> list[Statement]:
    own = f"arn:aws:iam::{cluster.account}:role/{cluster.name}-*"
    limit = boundary_arn(cluster.account, cluster.name)
    of_aws = f"arn:aws:iam::{cluster.account}:role/aws-service-role/*"
    services = [*_LINKED, *(["pullthroughcache.ecr"] if cluster.image_cache else [])]
    linked = [f"{service}.amazonaws.com" for service in services]
    return [
        allow(_WITHIN_BOUNDARY, [own], {"StringEquals": {"iam:PermissionsBoundary": limit}}),
        allow(_OF_ROLES, [own]),
        allow(["iam:PassRole"], [own], {"StringEquals": {"iam:PassedToService": _ROLE_SERVICES}}),
        allow(["iam:CreateServiceLinkedRole"], [of_aws], {"StringEquals": {"iam:AWSServiceName": linked}}),
    ]


def _dns_and_budget(cluster: EksCluster) -> list[Statement]:
    found: list[Statement] = []
    if cluster.load_balancer.dns:
        zone = f"arn:aws:route53:::hostedzone/{cluster.load_balancer.dns.zone_id}"
        found.append(allow(["route53:ChangeResourceRecordSets"], [zone]))
    if cluster.budget:
        # Pulumi generates the rest of the budget's name.
        change = ["budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"]
        found.append(allow(change, [f"arn:aws:budgets::{cluster.account}:budget/budget-*"]))
    return found
