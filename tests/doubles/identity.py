"""Names, ids and ARNs as AWS gives them."""

import re
import time
import uuid
from typing import Any, NamedTuple

from tests.doubles.shapes import digest, inputs_of
from tests.doubles.wire import Properties, known

# the property that holds a resource's name, and the one that asks for a made-up name
_NAMES = {
    "aws:eks/nodeGroup:NodeGroup": ("nodeGroupName", "nodeGroupNamePrefix"),
    "aws:eks/fargateProfile:FargateProfile": ("fargateProfileName", ""),
    "aws:s3/bucket:Bucket": ("bucket", "bucketPrefix"),
}
# `name` is part of what these are, or is never made up
_NOT_NAMED = ("aws:index/", "aws:route53/", "aws:acm/", "aws:ssm/", "aws:servicequotas/")

_PREFIXES = {
    "Vpc": "vpc",
    "Subnet": "subnet",
    "InternetGateway": "igw",
    "EgressOnlyInternetGateway": "eigw",
    "NatGateway": "nat",
    "RouteTable": "rtb",
    "SecurityGroup": "sg",
    "DefaultSecurityGroup": "sg",
    "SecurityGroupIngressRule": "sgr",
    "SecurityGroupEgressRule": "sgr",
    "SecurityGroupRule": "sgrule",
    "Eip": "eipalloc",
    "VpcEndpoint": "vpce",
    "LaunchTemplate": "lt",
    "RouteTableAssociation": "rtbassoc",
    "FlowLog": "fl",
    "NetworkAcl": "acl",
    "VpcDhcpOptions": "dopt",
    "PlacementGroup": "pg",
}
_EC2 = ("aws:ec2/", "aws:vpc/")

# ids that are made of inputs
_IDS = {
    "aws:eks/nodeGroup:NodeGroup": "{clusterName}:{nodeGroupName}",
    "aws:eks/fargateProfile:FargateProfile": "{clusterName}:{fargateProfileName}",
    "aws:eks/addon:Addon": "{clusterName}:{addonName}",
    "aws:eks/accessEntry:AccessEntry": "{clusterName}:{principalArn}",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "{clusterName}#{principalArn}#{policyArn}",
    "aws:iam/rolePolicy:RolePolicy": "{role}:{name}",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "{role}/{policyArn}",
    "aws:autoscaling/tag:Tag": "{autoscalingGroupName},{tag[key]}",
    "aws:ec2/route:Route": "r-{routeTableId}{destinationCidrBlock}",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "{repository}",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "{repository}",
    "aws:route53/record:Record": "{zoneId}_{name}_{type}",
    "aws:budgets/budget:Budget": "{account}:{name}",
    "aws:sqs/queue:Queue": "https://sqs.{region}.amazonaws.com/{account}/{name}",
}

# the ARNs that this account gives out; those of types that are not here are made in the same manner
_BALANCING = "arn:aws:elasticloadbalancing:{region}:{account}:"
_EKS = "arn:aws:eks:{region}:{account}:"
_ARNS = {
    "aws:iam/role:Role": "arn:aws:iam::{account}:role{path}{name}",
    "aws:iam/policy:Policy": "arn:aws:iam::{account}:policy{path}{name}",
    "aws:iam/instanceProfile:InstanceProfile": "arn:aws:iam::{account}:instance-profile{path}{name}",
    "aws:s3/bucket:Bucket": "arn:aws:s3:::{bucket}",
    "aws:kms/key:Key": "arn:aws:kms:{region}:{account}:key/{id}",
    "aws:kms/alias:Alias": "arn:aws:kms:{region}:{account}:{name}",
    "aws:lb/loadBalancer:LoadBalancer": _BALANCING + "loadbalancer/{letters}/{name}/{hex}",
    "aws:lb/targetGroup:TargetGroup": _BALANCING + "targetgroup/{name}/{hex}",
    "aws:lb/listener:Listener": "{loadBalancerArn}/{hex}",
    "aws:ecr/repository:Repository": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "aws:cloudwatch/logGroup:LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "aws:eks/cluster:Cluster": _EKS + "cluster/{name}",
    "aws:eks/nodeGroup:NodeGroup": _EKS + "nodegroup/{clusterName}/{nodeGroupName}/{uuid}",
    "aws:eks/fargateProfile:FargateProfile": (
        _EKS + "fargateprofile/{clusterName}/{fargateProfileName}/{uuid}"
    ),
    "aws:eks/addon:Addon": _EKS + "addon/{clusterName}/{addonName}/{uuid}",
    "aws:sqs/queue:Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "aws:sns/topic:Topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws:budgets/budget:Budget": "arn:aws:budgets::{account}:budget/{name}",
    "aws:acm/certificate:Certificate": "arn:aws:acm:{region}:{account}:certificate/{uuid}",
}
_ARN_IS_ID = {
    "aws:iam/policy:Policy",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:lb/targetGroup:TargetGroup",
    "aws:lb/listener:Listener",
    "aws:sns/topic:Topic",
    "aws:acm/certificate:Certificate",
}
_LETTERS = {"network": "net", "gateway": "gwy"}


class Place(NamedTuple):
    """Where the account is."""

    account: str
    region: str


class Identity(NamedTuple):
    """What AWS calls a new resource."""

    id: str
    arn: str
    name: str


def name_property(token: str) -> str | None:
    """Return the property that holds the name, if the type has one that is made up when it is not given."""
    if token in _NAMES:
        return _NAMES[token][0]
    named = "name" in inputs_of(token) and not token.startswith(_NOT_NAMED)
    return "name" if named else None


def prefix_property(token: str) -> str | None:
    prefix = _NAMES.get(token, ("name", "namePrefix"))[1]
    return prefix if prefix in inputs_of(token) else None


def name_of_prefix(prefix: str, serial: int) -> str:
    """Return a name as Terraform makes one of a prefix: 18 digits of the clock, 8 hexadecimal of a counter.

    The counter begins where each number has a letter in it.
    """
    clock = time.strftime("%Y%m%d%H%M%S", time.gmtime())
    return f"{prefix}{clock}{serial % 10**4:04d}{0xA00000 + serial:08x}"


def made_up_name(token: str, name: str, seed: str) -> str:
    """Return a name as Pulumi makes one: the resource's, and seven characters."""
    made = f"{name}-{digest(seed, 7)}"
    if token == "aws:kms/alias:Alias":
        return f"alias/{made}"
    return made.lower() if token == "aws:s3/bucket:Bucket" else made


def identify(token: str, properties: Properties, seed: str, place: Place) -> Identity:
    """Return the id, ARN and name of a new resource."""
    parts = _parts(properties, seed, place)
    name = str(properties.get(name_property(token) or "name") or "")
    kind = token.split(":")[2]
    if token in _IDS:
        id_ = _IDS[token].format_map(parts)
    elif token.startswith(_EC2) and kind in _PREFIXES:
        id_ = f"{_PREFIXES[kind]}-{digest(seed)}"
    elif token == "aws:kms/key:Key":
        id_ = parts["uuid"]
    elif token.startswith("aws:s3/bucket"):
        id_ = str(properties.get("bucket"))
    else:
        id_ = name or f"{kind.lower()}-{digest(seed)}"
    arn = _ARNS.get(token, _general_arn(token)).format_map({**parts, "id": id_})
    return Identity(arn if token in _ARN_IS_ID else id_, arn, name)


def id_of_inputs(token: str, properties: Properties) -> str | None:
    """Return the id of a type whose id is made of its inputs."""
    place = Place("", "")
    return _IDS[token].format_map(_parts(properties, "", place)) if token in _IDS else None


def _parts(properties: Properties, seed: str, place: Place) -> dict[str, Any]:
    class Parts(dict[str, Any]):
        def __missing__(self, key: str) -> str:
            return ""

    known_ones = {key: value for key, value in properties.items() if known(value)}
    return Parts(
        {
            "path": "/",
            **known_ones,
            "account": place.account,
            "region": known_ones.get("region", place.region),
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, seed)),
            "hex": digest(seed, 16),
            "letters": _LETTERS.get(str(properties.get("loadBalancerType")), "app"),
        }
    )


def _general_arn(token: str) -> str:
    service = token.split(":")[1].split("/")[0]
    kind = re.sub(r"(?<!^)(?=[A-Z])", "-", token.split(":")[2]).lower()
    service = {"vpc": "ec2", "lb": "elasticloadbalancing", "cloudwatch": "cloudwatch"}.get(service, service)
    return f"arn:aws:{service}:{{region}}:{{account}}:{kind}/{{id}}"
