"""What AWS refuses in view of what exists: at a create, an update or a delete."""

from collections.abc import Callable, Iterator

from tests.doubles import references
from tests.doubles.account import RefusedError, Resource, World
from tests.doubles.wire import Properties, dig, texts

_NODES = ("aws:eks/nodeGroup:NodeGroup", "aws:eks/fargateProfile:FargateProfile")
_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_GROUP_TAG = "aws:autoscaling/tag:Tag"
_SUBNET = "aws:ec2/subnet:Subnet"


def check_create(world: World, token: str, id_: str | None, inputs: Properties, account: str) -> None:
    """Raise what AWS would say against a new resource."""
    if id_ and world.find(token, id_) and token not in _ADOPTED:
        raise RefusedError(f"{token.split(':')[2]}AlreadyExists: {id_} exists already")
    for reason in references.missing(world, token, inputs, account):
        raise RefusedError(reason)
    for reason in _CREATE.get(token, _nothing)(world, inputs):
        raise RefusedError(reason)


_ADOPTED = {"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"}


def check_update(world: World, token: str, old: Resource, inputs: Properties, account: str) -> None:
    """Raise what AWS would say against a change in place."""
    for reason in references.missing(world, token, inputs, account):
        raise RefusedError(reason)
    if token == "aws:eks/cluster:Cluster":
        _check_upgrade(old.inputs, inputs)
    if token == "aws:eks/nodeGroup:NodeGroup":
        for reason in (*_scaling(inputs), *_newer(world, inputs)):
            raise RefusedError(reason)


def check_delete(world: World, resource: Resource) -> None:
    """Raise what AWS would say against a delete."""
    for name in ("deletionProtection", "enableDeletionProtection", "deletionProtectionEnabled"):
        if resource.inputs.get(name) is True:
            raise RefusedError(f"OperationNotPermitted: {resource.key} has {name}")
    used_by = references.users(world, resource)
    if used_by:
        names = ", ".join(row.key for row in used_by[:3])
        raise RefusedError(f"DependencyViolation: {resource.key} is in use by {names}")
    if resource.token == "aws:eks/addon:Addon":
        _check_addon_delete(world, resource)


def _check_addon_delete(world: World, resource: Resource) -> None:
    addon, cluster = resource.inputs["addonName"], resource.inputs["clusterName"]
    nodes = [row.id for row in world.of(_NODES[0]) if row.inputs.get("clusterName") == cluster]
    if addon in ("vpc-cni", "kube-proxy") and nodes:
        raise RefusedError(
            f"{addon} would leave before the nodes of {', '.join(nodes)}, which are stranded without it:"
            " delete the node groups first"
        )


def _nothing(world: World, inputs: Properties) -> Iterator[str]:
    yield from ()


def _nat_gateway(world: World, inputs: Properties) -> Iterator[str]:
    subnet = world.find(_SUBNET, inputs.get("subnetId"))
    vpc = subnet.inputs["vpcId"] if subnet else None
    gateways = {row.inputs.get("vpcId") for row in world.of("aws:ec2/internetGateway:InternetGateway")}
    if inputs.get("connectivityType", "public") == "public" and vpc not in gateways:
        yield f"Gateway.NotAttached: network {vpc} has no Internet gateway attached"


def _cluster(world: World, inputs: Properties) -> Iterator[str]:
    ids = texts(inputs, "vpcConfig.subnetIds")
    zones = {row.inputs.get("availabilityZone") for row in world.of(_SUBNET) if row.id in ids}
    if len(zones) < 2:
        yield f"InvalidParameterException: EKS needs subnets in two zones, these are in {len(zones)}"
    if not _policies(world, inputs["roleArn"]):
        yield f"InvalidParameterException: {inputs['roleArn']} has no policy attached yet"


def _node_group(world: World, inputs: Properties) -> Iterator[str]:
    cluster, role = inputs["clusterName"], inputs["nodeRoleArn"]
    if not _policies(world, role):
        yield f"NodeCreationFailure: {role} has no policy attached yet: no node would join"
    if not world.find("aws:eks/addon:Addon", f"{cluster}:vpc-cni"):
        yield f"NodeCreationFailure: {cluster} has no vpc-cni yet: its nodes would stay NotReady"
    yield from _newer(world, inputs)
    yield from _scaling(inputs)


def _newer(world: World, inputs: Properties) -> Iterator[str]:
    version = dig(inputs, "version")
    found = world.find("aws:eks/cluster:Cluster", inputs["clusterName"])
    if found and version and _minor(version) > _minor(found.inputs.get("version") or version):
        yield f"InvalidParameterException: nodes of {version} are newer than the cluster"


def _group_tag(world: World, inputs: Properties) -> Iterator[str]:
    group = inputs.get("autoscalingGroupName")
    if sum(row.inputs.get("autoscalingGroupName") == group for row in world.of(_GROUP_TAG)) >= 50:
        yield f"LimitExceeded: {group} has 50 tags already"


def _policies(world: World, role_arn: str) -> bool:
    role = world.owner(role_arn)
    return role is None or any(row.inputs.get("role") == role.id for row in world.of(_ATTACHMENT))


def _scaling(inputs: Properties) -> Iterator[str]:
    sizes = [dig(inputs, f"scalingConfig.{name}") for name in ("minSize", "desiredSize", "maxSize")]
    if all(isinstance(size, int) for size in sizes) and sizes != sorted(sizes):
        least, desired, most = sizes
        yield f"InvalidParameterException: not minSize {least} <= desiredSize {desired} <= maxSize {most}"


def _check_upgrade(old: Properties, new: Properties) -> None:
    before, after = old.get("version"), new.get("version")
    if before and after and not 0 <= _minor(after) - _minor(before) <= 1:
        raise RefusedError(
            f"InvalidParameterException: {before} to {after}: a cluster goes up by one version at a time"
        )
    keys = [dig(side, "encryptionConfig.provider.keyArn") for side in (old, new)]
    if keys[0] and keys[1] and keys[0] != keys[1]:
        raise RefusedError("InvalidParameterException: the key of a cluster's secrets cannot be changed")


def _minor(version: str) -> int:
    return int(version.split(".")[1])


_CREATE: dict[str, Callable[[World, Properties], Iterator[str]]] = {
    "aws:ec2/natGateway:NatGateway": _nat_gateway,
    "aws:eks/cluster:Cluster": _cluster,
    "aws:eks/nodeGroup:NodeGroup": _node_group,
    _GROUP_TAG: _group_tag,
}
