"""Names, ids and ARNs as AWS gives them."""

import re
import time
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.doubles.shapes import digest, inputs_of
from tests.doubles.wire import Properties, known

if TYPE_CHECKING:
    from tests.aws_models.resource import Made

# the property that holds a resource's name, and the one that asks for a made-up name
_NAMES = {
    "aws:eks/nodeGroup:NodeGroup": ("nodeGroupName", "nodeGroupNamePrefix"),
    "aws:eks/fargateProfile:FargateProfile": ("fargateProfileName", ""),
    "aws:s3/bucket:Bucket": ("bucket", "bucketPrefix"),
}
# `name` is part of what these are, or is never made up
_NOT_NAMED = ("aws:index/", "aws:route53/", "aws:acm/", "aws:ssm/", "aws:servicequotas/")

# ids that are made of inputs
_IDS = {
    "aws:eks/nodeGroup:NodeGroup": "{clusterName}:{nodeGroupName}",
    "aws:eks/addon:Addon": "{clusterName}:{addonName}",
    "aws:eks/accessEntry:AccessEntry": "{clusterName}:{principalArn}",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "{clusterName}#{principalArn}#{policyArn}",
    "aws:iam/rolePolicy:RolePolicy": "{role}:{name}",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "{role}/{policyArn}",
    "aws:autoscaling/tag:Tag": "{autoscalingGroupName},{tag[key]}",
    "aws:ec2/route:Route": "r-{routeTableId}{destinationCidrBlock}",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "{repository}",
    "aws:route53/record:Record": "{zoneId}_{name}_{type}",
    "aws:budgets/budget:Budget": "{account}:{name}",
}

# the ARNs that moto does not give; those of types that are not here are made in the same manner
_ARNS = {
    "aws:eks/addon:Addon": "arn:aws:eks:{region}:{account}:addon/{clusterName}/{addonName}/{uuid}",
    "aws:budgets/budget:Budget": "arn:aws:budgets::{account}:budget/{name}",
}


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


def identify(token: str, properties: Properties, seed: str, place: Place, on_aws: "Made") -> Identity:
    """Return the id, ARN and name of a new resource: moto's, where they are not made of its inputs."""
    id_ = fixed_id(token, properties, place) or on_aws.id
    parts = parts_of(properties, seed, place)
    parts["id"] = id_
    arn = on_aws.outputs.get("arn") or _ARNS.get(token, _general_arn(token)).format_map(parts)
    return Identity(id_, arn, str(properties.get(name_property(token) or "name") or ""))


def fixed_id(token: str, properties: Properties, place: Place) -> str | None:
    """Return the id of a type whose id is made of its inputs: a second one would be the same."""
    if token in _IDS:
        return _IDS[token].format_map(parts_of(properties, "", place))
    return str(properties["bucket"]) if token.startswith("aws:s3/bucket") else None


def id_of_inputs(token: str, properties: Properties) -> str | None:
    """Return the id of a type that has no name, where it is made of its inputs."""
    return _IDS[token].format_map(parts_of(properties, "", Place("", ""))) if token in _IDS else None


def parts_of(properties: Properties, seed: str, place: Place) -> dict[str, Any]:
    """Return what ids and ARNs are made of; a part that is missing is empty."""

    class Parts(dict[str, Any]):
        def __missing__(self, key: str) -> str:
            return ""

    known_ones = {key: value for key, value in properties.items() if known(value)}
    return Parts(
        {
            **known_ones,
            "account": place.account,
            "region": known_ones.get("region", place.region),
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, seed)),
        }
    )


def _general_arn(token: str) -> str:
    service = token.split(":")[1].split("/")[0]
    kind = re.sub(r"(?<!^)(?=[A-Z])", "-", token.split(":")[2]).lower()
    service = {"vpc": "ec2", "lb": "elasticloadbalancing", "cloudwatch": "cloudwatch"}.get(service, service)
    return f"arn:aws:{service}:{{region}}:{{account}}:{kind}/{{id}}"
