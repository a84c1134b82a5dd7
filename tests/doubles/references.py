"""Who refers to whom in the account: by id, by ARN, or by a name in a property that means that type."""

import re
from collections.abc import Iterator

from tests.doubles.account import Resource, World
from tests.doubles.identity import Identity
from tests.doubles.wire import UNKNOWN, Properties, known, strings

# what belongs to others, or is text: no reference of a resource to another
_NO_REFERENCE = frozenset(
    {"tags", "tagsAll", "tag", "tagSpecifications", "principalArn", "certificateArn", "userData", "labels"}
    | {"policy", "assumeRolePolicy", "inlinePolicies", "configurationValues", "accessPolicy", "description"}
)
_IDS = re.compile(
    r"(vpc|subnet|sg|rtb|lt|eipalloc|igw|eigw|nat|vpce|acl)-[0-9a-f]{17}",
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KIND_OF_ARN = re.compile(r"arn:aws:(\w+):[\w-]*:(?P<account>\d{12}):(\w+)[:/].*")
_ARNS = {
    *(("iam", kind) for kind in ("role", "policy", "instance-profile")),
    *(("eks", kind) for kind in ("cluster", "nodegroup")),
    *(("elasticloadbalancing", kind) for kind in ("loadbalancer", "targetgroup", "listener")),
    *(("kms", "key"), ("logs", "log-group"), ("ecr", "repository")),
}
# the properties that hold a name, of what, and whether what they name may go before their own resource
_NAMED = {
    "role": ("aws:iam/role:Role",),
    "clusterName": ("aws:eks/cluster:Cluster",),
    "bucket": ("aws:s3/bucket:Bucket",),
    "repository": ("aws:ecr/repository:Repository",),
    "autoscalingGroupName": ("aws:eks/nodeGroup:NodeGroup",),
    "targetKeyId": ("aws:kms/key:Key",),
}
_STAND_OR_FALL = {"aws:eks/nodeGroup:NodeGroup", "aws:eks/fargateProfile:FargateProfile"}


def missing(world: World, token: str, inputs: Properties, account: str) -> Iterator[str]:
    """Yield what AWS would say of each reference to what does not exist."""
    existing = {minted for row in world.resources.values() for minted in row.minted}
    for text in sorted(set(strings(inputs, _NO_REFERENCE))):
        if _is_ours(text, account) and text.removesuffix(":*") not in existing:
            yield _not_found(text)
    for name, (kind,) in _NAMED.items():
        value = inputs.get(name)
        if (
            isinstance(value, str)
            and known(value)
            and not _is_name_itself(token, name)
            and value not in existing
        ):
            yield f"ResourceNotFoundException: no {kind.split(':')[2]} is called {value}"


def _is_ours(text: str, account: str) -> bool:
    if _IDS.fullmatch(text):
        return True
    arn = _KIND_OF_ARN.fullmatch(text)
    return bool(arn) and arn is not None and arn["account"] == account and (arn[1], _kind(text)) in _ARNS


def _kind(arn: str) -> str:
    return re.split(r"[:/]", arn.split(":", 5)[5])[0]


def _not_found(text: str) -> str:
    kinds = {
        "vpc": "VpcID",
        "subnet": "SubnetID",
        "sg": "Group",
        "rtb": "RouteTableID",
        "lt": "LaunchTemplateId",
    }
    kinds |= {"eipalloc": "AllocationID", "igw": "InternetGatewayID", "nat": "NatGatewayID"}
    prefix = text.split("-")[0]
    if text.startswith("arn:"):
        return f"NoSuchEntity: {text} does not exist"
    return f"Invalid{kinds.get(prefix, 'Id')}.NotFound: the {prefix} ID {text!r} does not exist"


def _is_name_itself(token: str, name: str) -> bool:
    return name == "bucket" and token == "aws:s3/bucket:Bucket"


def minted(world: World, who: Identity, inputs: Properties, outputs: Properties) -> list[str]:
    """Return all that others may call a new resource by: also what AWS made beside it."""
    beside = {text for text in strings(outputs) if _IDS.fullmatch(text) or text.startswith("eks-")}
    others = {*strings(inputs), *(text for row in world.resources.values() for text in row.minted)}
    return sorted({*who, *(beside - others)} - {"", UNKNOWN})


def users(world: World, resource: Resource) -> list[Resource]:
    """Return the resources that cannot do without this one."""
    return [row for row in world.resources.values() if row.key != resource.key and _uses(row, resource)]


def _uses(row: Resource, resource: Resource) -> bool:
    named = {
        value
        for name, value in row.inputs.items()
        if resource.token in _NAMED.get(name, ()) and isinstance(value, str)
    }
    if resource.token == "aws:eks/cluster:Cluster" and resource.id in named:
        return row.token in _STAND_OR_FALL
    meant = {text for text in resource.minted if _is_unmistakable(text)}
    return bool(named & {*resource.minted}) or bool(meant & {*strings(row.inputs, _NO_REFERENCE)})


def _is_unmistakable(text: str) -> bool:
    """Tell an id or an ARN from a name, which may be anybody's."""
    return bool(_IDS.fullmatch(text)) or text.startswith("arn:") or bool(_UUID.fullmatch(text))
