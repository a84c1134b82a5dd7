"""Ids, ARNs and computed outputs of new resources for the golden reports, which ask no account.

Each is a digest of the resource's URN, so that a report is the same each time.
"""

from collections.abc import Callable

from tests.aws_models.resource import Made
from tests.doubles.identity import Place, name_property, parts_of
from tests.doubles.shapes import digest
from tests.doubles.wire import Properties

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
}
_EC2 = ("aws:ec2/", "aws:vpc/")

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
    "aws:eks/addon:Addon": _EKS + "addon/{clusterName}/{addonName}/{uuid}",
    "aws:budgets/budget:Budget": "arn:aws:budgets::{account}:budget/{name}",
}
_ARN_IS_ID = {
    "aws:iam/policy:Policy",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:lb/targetGroup:TargetGroup",
    "aws:lb/listener:Listener",
}
_LETTERS = {"network": "net", "gateway": "gwy"}


def made(token: str, inputs: Properties, seed: str, place: Place) -> Made:
    """Return what AWS would call a new resource, and what it would add to its inputs."""
    name, kind = str(inputs.get(name_property(token) or "name") or ""), token.split(":")[2]
    parts = {"path": "/", **parts_of(inputs, seed, place), "hex": digest(seed, 16)}
    parts["letters"] = _LETTERS.get(str(inputs.get("loadBalancerType")), "app")
    if token.startswith(_EC2) and kind in _PREFIXES:
        id_ = f"{_PREFIXES[kind]}-{digest(seed)}"
    elif token == "aws:kms/key:Key":
        id_ = parts["uuid"]
    else:
        id_ = name or f"{kind.lower()}-{digest(seed)}"
    arn = _ARNS[token].format_map({**parts, "id": id_}) if token in _ARNS else ""
    computed = _OUTPUTS.get(token, lambda *_: {})(inputs, arn, seed, place)
    return Made(arn if token in _ARN_IS_ID else id_, {**({"arn": arn} if arn else {}), **computed})


def _node_group(inputs: Properties, arn: str, seed: str, place: Place) -> Properties:
    group = f"eks-{inputs['nodeGroupName']}-{arn.rsplit('/', 1)[-1]}"
    return {"resources": [{"autoscalingGroups": [{"name": group}], "remoteAccessSecurityGroupId": ""}]}


def _repository(inputs: Properties, arn: str, seed: str, place: Place) -> Properties:
    host = f"{place.account}.dkr.ecr.{place.region}.amazonaws.com"
    return {"repositoryUrl": f"{host}/{inputs['name']}", "registryId": place.account}


_OUTPUTS: dict[str, Callable[[Properties, str, str, Place], Properties]] = {
    "aws:eks/nodeGroup:NodeGroup": _node_group,
    "aws:ecr/repository:Repository": _repository,
    "aws:ec2/eip:Eip": lambda i, arn, seed, p: {"allocationId": f"eipalloc-{digest(seed)}"},
    "aws:ec2/launchTemplate:LaunchTemplate": lambda *_: {"latestVersion": 1, "defaultVersion": 1},
    "aws:kms/key:Key": lambda i, arn, seed, p: {"keyId": arn.split("/")[-1]},
}
