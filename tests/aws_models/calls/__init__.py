"""What the provider of AWS does for each type of resource: which calls it makes when it creates one."""

from collections.abc import Callable

from tests.aws_models.account import Refused
from tests.aws_models.calls import balancing, containers, eks, iam, network, nodes, stores
from tests.aws_models.resource import Made, Resource

_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_CALLS: dict[str, Callable[[Resource], Made]] = {
    "aws:ec2/vpc:Vpc": network.vpc,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": network.default_security_group,
    "aws:ec2/subnet:Subnet": network.subnet,
    "aws:ec2/internetGateway:InternetGateway": network.internet_gateway,
    "aws:ec2/routeTable:RouteTable": network.route_table,
    "aws:ec2/route:Route": network.route,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": network.route_table_association,
    "aws:ec2/eip:Eip": network.eip,
    "aws:ec2/natGateway:NatGateway": network.nat_gateway,
    "aws:ec2/vpcEndpoint:VpcEndpoint": network.vpc_endpoint,
    "aws:ec2/flowLog:FlowLog": network.flow_log,
    "aws:ec2/securityGroup:SecurityGroup": network.security_group,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": network.ingress_rule,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": network.egress_rule,
    "aws:ec2/launchTemplate:LaunchTemplate": nodes.launch_template,
    "aws:eks/nodeGroup:NodeGroup": nodes.node_group,
    "aws:autoscaling/tag:Tag": nodes.scaling_group_tag,
    "aws:eks/cluster:Cluster": eks.cluster,
    "aws:eks/addon:Addon": eks.addon,
    "aws:eks/accessEntry:AccessEntry": eks.access_entry,
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": eks.access_policy_association,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": eks.pod_identity_association,
    "aws:iam/role:Role": iam.role,
    "aws:iam/policy:Policy": iam.policy,
    "aws:iam/rolePolicy:RolePolicy": iam.role_policy,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": iam.role_policy_attachment,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": iam.open_id_connect_provider,
    "aws:kms/key:Key": stores.key,
    "aws:kms/alias:Alias": stores.alias,
    "aws:cloudwatch/logGroup:LogGroup": stores.log_group,
    "aws:s3/bucket:Bucket": stores.bucket,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": stores.public_access_block,
    _ENCRYPTION: stores.encryption,
    "aws:s3/bucketPolicy:BucketPolicy": stores.bucket_policy,
    "aws:s3/bucketVersioning:BucketVersioning": stores.versioning,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": stores.lifecycle,
    "aws:ecr/repository:Repository": containers.repository,
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": containers.lifecycle_policy,
    "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": containers.creation_template,
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": containers.pull_through_cache_rule,
    "aws:lb/loadBalancer:LoadBalancer": balancing.load_balancer,
    "aws:lb/targetGroup:TargetGroup": balancing.target_group,
    "aws:lb/listener:Listener": balancing.listener,
    "aws:route53/record:Record": balancing.record,
    "aws:budgets/budget:Budget": balancing.budget,
}


def create(resource: Resource) -> Made:
    """Make a resource; one that AWS refuses gets an id and an ARN, so that the program goes on."""
    stand_in = Made(f"{resource.name}-refused", {"arn": resource.arn("refused", resource.name)})
    calls = _CALLS.get(resource.token)
    if calls is None:
        resource.account.note(resource.title, f"which calls make {resource.token} is not written here")
        return stand_in
    try:
        made = calls(resource)
    except Refused:
        return stand_in
    for key in resource.inputs:
        resource.account.note(resource.title, f"`{key}` reaches no call")
    return made
