"""What the provider of AWS does for each type of resource when it deletes one."""

from collections.abc import Callable
from contextlib import suppress

from tests.aws_models.account import ACCOUNT, Refused
from tests.aws_models.calls.balancing import record_set
from tests.aws_models.resource import Resource

_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
# The calls whose only parameter is the resource's id.
_BY_ID = {
    "aws:ec2/vpc:Vpc": ("ec2", "DeleteVpc", "VpcId"),
    "aws:ec2/subnet:Subnet": ("ec2", "DeleteSubnet", "SubnetId"),
    "aws:ec2/routeTable:RouteTable": ("ec2", "DeleteRouteTable", "RouteTableId"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("ec2", "DisassociateRouteTable", "AssociationId"),
    "aws:ec2/eip:Eip": ("ec2", "ReleaseAddress", "AllocationId"),
    "aws:ec2/natGateway:NatGateway": ("ec2", "DeleteNatGateway", "NatGatewayId"),
    "aws:ec2/securityGroup:SecurityGroup": ("ec2", "DeleteSecurityGroup", "GroupId"),
    "aws:ec2/launchTemplate:LaunchTemplate": ("ec2", "DeleteLaunchTemplate", "LaunchTemplateId"),
    "aws:iam/role:Role": ("iam", "DeleteRole", "RoleName"),
    "aws:iam/policy:Policy": ("iam", "DeletePolicy", "PolicyArn"),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": (
        "iam",
        "DeleteOpenIDConnectProvider",
        "OpenIDConnectProviderArn",
    ),
    "aws:kms/alias:Alias": ("kms", "DeleteAlias", "AliasName"),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", "DeleteLogGroup", "logGroupName"),
    "aws:s3/bucket:Bucket": ("s3", "DeleteBucket", "Bucket"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ("s3", "DeletePublicAccessBlock", "Bucket"),
    _ENCRYPTION: ("s3", "DeleteBucketEncryption", "Bucket"),
    "aws:s3/bucketPolicy:BucketPolicy": ("s3", "DeleteBucketPolicy", "Bucket"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "s3",
        "DeleteBucketLifecycle",
        "Bucket",
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": ("ecr", "DeleteLifecyclePolicy", "repositoryName"),
    "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": (
        "ecr",
        "DeleteRepositoryCreationTemplate",
        "prefix",
    ),
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": (
        "ecr",
        "DeletePullThroughCacheRule",
        "ecrRepositoryPrefix",
    ),
    "aws:lb/loadBalancer:LoadBalancer": ("elbv2", "DeleteLoadBalancer", "LoadBalancerArn"),
    "aws:lb/targetGroup:TargetGroup": ("elbv2", "DeleteTargetGroup", "TargetGroupArn"),
    "aws:lb/listener:Listener": ("elbv2", "DeleteListener", "ListenerArn"),
}
# The calls whose parameters are inputs of the resource.
_BY_INPUTS = {
    "aws:ec2/route:Route": (
        "ec2",
        "DeleteRoute",
        {"RouteTableId": "routeTableId", "DestinationCidrBlock": "destinationCidrBlock"},
    ),
    "aws:eks/addon:Addon": (
        "eks",
        "DeleteAddon",
        {"clusterName": "clusterName", "addonName": "addonName", "preserve": "preserve"},
    ),
    "aws:eks/accessEntry:AccessEntry": (
        "eks",
        "DeleteAccessEntry",
        {"clusterName": "clusterName", "principalArn": "principalArn"},
    ),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": (
        "eks",
        "DisassociateAccessPolicy",
        {"clusterName": "clusterName", "principalArn": "principalArn", "policyArn": "policyArn"},
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (
        "iam",
        "DetachRolePolicy",
        {"RoleName": "role", "PolicyArn": "policyArn"},
    ),
    "aws:ecr/repository:Repository": (
        "ecr",
        "DeleteRepository",
        {"repositoryName": "name", "force": "forceDelete"},
    ),
}


def delete(resource: Resource, id_: str) -> None:
    """Delete a resource that has these inputs; what AWS refuses is among the account's findings."""
    with suppress(Refused):
        _delete(resource, id_)


def _delete(resource: Resource, id_: str) -> None:
    if resource.token in _BY_ID:
        service, operation, parameter = _BY_ID[resource.token]
        resource.call(service, operation, **{parameter: id_})
    elif resource.token in _BY_INPUTS:
        service, operation, names = _BY_INPUTS[resource.token]
        given = {parameter: resource.inputs.get(key) for parameter, key in names.items()}
        resource.call(service, operation, **given)
    elif resource.token in _OTHERS:
        _OTHERS[resource.token](resource, id_)
    else:
        resource.account.note(resource.title, f"which call deletes {resource.token} is not written here")


def _internet_gateway(resource: Resource, id_: str) -> None:
    vpc = resource.inputs["vpcId"]
    resource.call("ec2", "DetachInternetGateway", InternetGatewayId=id_, VpcId=vpc)
    resource.call("ec2", "DeleteInternetGateway", InternetGatewayId=id_)


def _vpc_endpoint(resource: Resource, id_: str) -> None:
    resource.call("ec2", "DeleteVpcEndpoints", VpcEndpointIds=[id_])


def _flow_log(resource: Resource, id_: str) -> None:
    resource.call("ec2", "DeleteFlowLogs", FlowLogIds=[id_])


def _ingress_rule(resource: Resource, id_: str) -> None:
    _revoke(resource, "RevokeSecurityGroupIngress", id_)


def _egress_rule(resource: Resource, id_: str) -> None:
    _revoke(resource, "RevokeSecurityGroupEgress", id_)


def _revoke(resource: Resource, operation: str, id_: str) -> None:
    group = resource.inputs["securityGroupId"]
    resource.call("ec2", operation, GroupId=group, SecurityGroupRuleIds=[id_])


def _cluster(resource: Resource, id_: str) -> None:
    """Delete a cluster, and the security group that EKS makes and deletes with it."""
    resource.call("eks", "DeleteCluster", name=id_)
    ec2 = resource.account.client("ec2")
    named = [{"Name": "group-name", "Values": [f"eks-cluster-sg-{id_}"]}]
    for group in ec2.describe_security_groups(Filters=named)["SecurityGroups"]:
        ec2.delete_security_group(GroupId=group["GroupId"])


def _node_group(resource: Resource, id_: str) -> None:
    of_cluster, _, name = id_.partition(":")
    resource.call("eks", "DeleteNodegroup", clusterName=of_cluster, nodegroupName=name)


def _pod_identity_association(resource: Resource, id_: str) -> None:
    of_cluster = resource.inputs["clusterName"]
    resource.call("eks", "DeletePodIdentityAssociation", clusterName=of_cluster, associationId=id_)


def _scaling_group_tag(resource: Resource, id_: str) -> None:
    group, _, key = id_.partition(",")
    tag = {"ResourceId": group, "ResourceType": "auto-scaling-group", "Key": key}
    resource.call("autoscaling", "DeleteTags", Tags=[tag])


def _role_policy(resource: Resource, id_: str) -> None:
    role, _, name = id_.partition(":")
    resource.call("iam", "DeleteRolePolicy", RoleName=role, PolicyName=name)


def _key(resource: Resource, id_: str) -> None:
    days = resource.inputs.get("deletionWindowInDays", 30)
    resource.call("kms", "ScheduleKeyDeletion", KeyId=id_, PendingWindowInDays=days)


def _versioning(resource: Resource, id_: str) -> None:
    suspended = {"Status": "Suspended"}
    resource.call("s3", "PutBucketVersioning", Bucket=id_, VersioningConfiguration=suspended)


def _record(resource: Resource, id_: str) -> None:
    zone, wanted = record_set(resource)
    change = {"Action": "DELETE", "ResourceRecordSet": wanted}
    resource.call("route53", "ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch={"Changes": [change]})


def _budget(resource: Resource, id_: str) -> None:
    resource.call("budgets", "DeleteBudget", AccountId=ACCOUNT, BudgetName=id_.partition(":")[2])


def _nothing(resource: Resource, id_: str) -> None:
    """Do nothing: a VPC's default security group cannot be deleted."""


_OTHERS: dict[str, Callable[[Resource, str], None]] = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _nothing,
    "aws:ec2/internetGateway:InternetGateway": _internet_gateway,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _vpc_endpoint,
    "aws:ec2/flowLog:FlowLog": _flow_log,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _ingress_rule,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _egress_rule,
    "aws:eks/cluster:Cluster": _cluster,
    "aws:eks/nodeGroup:NodeGroup": _node_group,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _pod_identity_association,
    "aws:autoscaling/tag:Tag": _scaling_group_tag,
    "aws:iam/rolePolicy:RolePolicy": _role_policy,
    "aws:kms/key:Key": _key,
    "aws:s3/bucketVersioning:BucketVersioning": _versioning,
    "aws:route53/record:Record": _record,
    "aws:budgets/budget:Budget": _budget,
}
