"""What AWS cannot change in place: the properties whose change makes a new resource."""

from collections.abc import Iterator
from typing import Any

from tests.doubles.identity import id_of_inputs, name_property
from tests.doubles.wire import Properties

_ALL = ("*",)
# a property, or a dotted one; `:removed` and `:added` say that only that change is meant
_TABLE: dict[str, tuple[str, ...]] = {
    "aws:ec2/vpc:Vpc": ("cidrBlock", "ipv4IpamPoolId"),
    "aws:ec2/subnet:Subnet": ("cidrBlock", "vpcId", "availabilityZone"),
    "aws:ec2/securityGroup:SecurityGroup": ("name", "namePrefix", "description", "vpcId"),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ("vpcId",),
    "aws:ec2/eip:Eip": ("domain", "networkBorderGroup", "publicIpv4Pool"),
    "aws:ec2/natGateway:NatGateway": ("subnetId", "allocationId", "connectivityType"),
    "aws:ec2/routeTable:RouteTable": ("vpcId",),
    "aws:ec2/route:Route": ("routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("subnetId", "gatewayId"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("serviceName", "vpcId", "vpcEndpointType"),
    "aws:ec2/flowLog:FlowLog": _ALL,
    "aws:ec2/launchTemplate:LaunchTemplate": ("name", "namePrefix"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("securityGroupId",),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("securityGroupId",),
    "aws:eks/cluster:Cluster": (
        "name",
        "roleArn",
        "encryptionConfig:removed",
        "kubernetesNetworkConfig.serviceIpv4Cidr",
        "kubernetesNetworkConfig.ipFamily",
        "bootstrapSelfManagedAddons",
        "accessConfig.bootstrapClusterCreatorAdminPermissions",
        "outpostConfig",
    ),
    "aws:eks/nodeGroup:NodeGroup": (
        "clusterName",
        "nodeGroupName",
        "nodeGroupNamePrefix",
        "amiType",
        "capacityType",
        "diskSize",
        "instanceTypes",
        "nodeRoleArn",
        "subnetIds",
        "remoteAccess",
        "launchTemplate.id",
        "launchTemplate.name",
    ),
    "aws:eks/fargateProfile:FargateProfile": _ALL,
    "aws:eks/addon:Addon": ("clusterName", "addonName"),
    "aws:eks/accessEntry:AccessEntry": ("clusterName", "principalArn", "type"),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": _ALL,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": ("clusterName", "namespace", "serviceAccount"),
    "aws:iam/role:Role": ("name", "path", "namePrefix"),
    "aws:iam/policy:Policy": ("name", "path", "namePrefix", "description"),
    "aws:iam/rolePolicy:RolePolicy": ("role", "name", "namePrefix"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _ALL,
    "aws:kms/key:Key": ("customerMasterKeySpec", "keyUsage", "multiRegion"),
    "aws:kms/alias:Alias": ("name", "namePrefix"),
    "aws:cloudwatch/logGroup:LogGroup": ("name", "namePrefix", "logGroupClass"),
    "aws:ecr/repository:Repository": ("name", "encryptionConfigurations"),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": ("repository", "policy"),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("repository",),
    "aws:s3/bucket:Bucket": ("bucket", "bucketPrefix", "objectLockEnabled"),
    "aws:lb/loadBalancer:LoadBalancer": (
        "name",
        "namePrefix",
        "internal",
        "loadBalancerType",
        "securityGroups:added",
    ),
    "aws:lb/targetGroup:TargetGroup": (
        "name",
        "namePrefix",
        "port",
        "protocol",
        "targetType",
        "vpcId",
        "ipAddressType",
    ),
    "aws:lb/listener:Listener": ("loadBalancerArn",),
    "aws:autoscaling/tag:Tag": ("autoscalingGroupName", "tag.key"),
    "aws:sqs/queue:Queue": ("name", "namePrefix", "fifoQueue"),
    "aws:sns/topic:Topic": ("name", "namePrefix", "fifoTopic"),
    "aws:budgets/budget:Budget": ("name", "namePrefix", "accountId"),
    "aws:route53/record:Record": ("zoneId", "name", "type", "setIdentifier"),
    "aws:acm/certificate:Certificate": ("domainName", "validationMethod", "keyAlgorithm"),
}


def replaces(token: str, path: str, change: str, value: Any) -> bool:
    """Tell if a change of a property makes a new resource. The value is what was added or removed."""
    bare = path.replace("[", ".").split(".")
    return any(_meets(entry, path, bare, change, value) for entry in _entries(token))


def _entries(token: str) -> tuple[str, ...]:
    if token.startswith("aws:s3/bucket") and token not in _TABLE:
        return ("bucket",)
    return (*_TABLE.get(token, ()), "region")


def _meets(entry: str, path: str, bare: list[str], change: str, value: Any) -> bool:
    wanted, _, only = entry.partition(":")
    if only and only != change:
        return False
    if wanted == "*":
        return not path.startswith("tags")
    keys = wanted.split(".")
    if only:  # the whole of it
        return bare == keys
    if bare[: len(keys)] == keys:
        return True
    inner = keys[len(bare) :]
    return keys[: len(bare)] == bare and _holds(value, inner)


def _holds(value: Any, keys: list[str]) -> bool:
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True


def changes(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yield the path of each difference, `added`, `removed` or `changed`, and what was added or removed."""
    if old == new:
        return
    if old is None or new is None:
        yield path, "added" if old is None else "removed", new if old is None else old
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if not key.startswith("__"):
                yield from changes(old.get(key), new.get(key), _joined(path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            yield from changes(before, new[index] if index < len(new) else None, f"{path}[{index}]")
    else:
        yield path, "changed", new


def _joined(path: str, key: str) -> str:
    plain = key.replace("_", "a").isalnum()
    if not plain:
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def keeps_name(token: str, id_: str, old: Properties, new: Properties) -> bool:
    """Tell if the new resource would be called as the old one: then the old one must go first."""
    name = name_property(token)
    if name is None:
        return id_of_inputs(token, new) == id_
    made_up = name in new.get("__defaults", [])
    return not made_up and name in new and old.get(name) == new[name]
