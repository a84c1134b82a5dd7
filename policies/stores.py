"""Checks of storage: encryption, loss of state, cost and size."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from policies.check import Context, Resource

Inputs = Mapping[str, Any]
CLUSTER = "aws:eks/cluster:Cluster"
NODES = "aws:eks/nodeGroup:NodeGroup"
STATEFUL = (
    CLUSTER,
    "aws:s3/bucket:",
    "aws:s3/bucketV2:",
    "aws:kms/key:Key",
    "aws:ebs/volume:",
    "aws:efs/fileSystem:",
    "aws:fsx/",
    "aws:rds/instance:",
    "aws:rds/cluster:",
    "aws:docdb/cluster:",
    "aws:neptune/cluster:",
    "aws:redshift/cluster:",
    "aws:elasticache/",
    "aws:opensearch/domain:",
    "aws:dynamodb/table:",
    "aws:dynamodb/globalTable:",
    "kubernetes:core/v1:PersistentVolume",
    "kubernetes:core/v1:Namespace",
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
)


# It changes another's object: its deletion removes the fields that it set, not the object.
_PATCH = "Patch"


def _is_true(value: object) -> bool:
    return str(value).lower() == "true"


def unencrypted(resource: Resource, _: Context) -> Iterator[str]:
    """Reject storage that is not encrypted."""
    check = next((check for start, check in _STORES.items() if resource.type.startswith(start)), None)
    if resource.op != "delete" and check:
        yield from check(resource.inputs)


def _template(inputs: Inputs) -> Iterator[str]:
    disks = inputs.get("blockDeviceMappings") or []
    if not disks:
        yield "defines no disk: those of the AMI are not encrypted"
    for mapping in disks:
        on_disk = not mapping.get("virtualName") and not mapping.get("noDevice")
        if on_disk and not _is_true((mapping.get("ebs") or {}).get("encrypted")):
            yield f"disk {mapping.get('deviceName')} is not encrypted"


def _instance(inputs: Inputs) -> Iterator[str]:
    for disk in [inputs.get("rootBlockDevice") or {}, *(inputs.get("ebsBlockDevices") or [])]:
        if not _is_true(disk.get("encrypted")):
            yield f"disk {disk.get('deviceName', 'root')} is not encrypted"


def _cluster(inputs: Inputs) -> Iterator[str]:
    encryption = inputs.get("encryptionConfig") or {}
    of_secrets = "secrets" in (encryption.get("resources") or ["secrets"])
    if not ((encryption.get("provider") or {}).get("keyArn") and of_secrets):
        yield "does not encrypt Kubernetes Secrets with a KMS key"


def _nodes(inputs: Inputs) -> Iterator[str]:
    if not inputs.get("launchTemplate"):
        yield "has no launch template: the disks of its nodes are not encrypted"


def _storage_class(inputs: Inputs) -> Iterator[str]:
    if inputs.get("provisioner") in ("ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com", "kubernetes.io/aws-ebs"):
        yield from _flag("encrypted")(inputs.get("parameters") or {})


def _search(inputs: Inputs) -> Iterator[str]:
    yield from _flag("enabled")(inputs.get("encryptAtRest") or {})


def _flag(key: str) -> Callable[[Inputs], Iterator[str]]:
    def check(inputs: Inputs) -> Iterator[str]:
        if not _is_true(inputs.get(key)):
            yield "its data is not encrypted"

    return check


_STORES: Mapping[str, Callable[[Inputs], Iterator[str]]] = {
    "aws:ec2/launchTemplate:": _template,
    "aws:ec2/launchConfiguration:": _instance,
    "aws:ec2/instance:": _instance,
    "aws:ebs/volume:": _flag("encrypted"),
    "aws:ebs/snapshotCopy:": _flag("encrypted"),
    "aws:ec2/amiCopy:": _flag("encrypted"),
    "aws:efs/fileSystem:": _flag("encrypted"),
    "aws:rds/instance:": _flag("storageEncrypted"),
    "aws:rds/cluster:": _flag("storageEncrypted"),
    "aws:docdb/cluster:": _flag("storageEncrypted"),
    "aws:neptune/cluster:": _flag("storageEncrypted"),
    "aws:redshift/cluster:": _flag("encrypted"),
    "aws:elasticache/replicationGroup:": _flag("atRestEncryptionEnabled"),
    "aws:opensearch/domain:": _search,
    "aws:elasticsearch/domain:": _search,
    CLUSTER: _cluster,
    NODES: _nodes,
    "kubernetes:storage.k8s.io/v1:StorageClass": _storage_class,
}
STORES = tuple(_STORES)


def lost_state(resource: Resource, context: Context) -> Iterator[str]:
    """Reject the deletion of protected resources, and in production of all that hold state."""
    stateful = resource.type.startswith(STATEFUL) and not resource.type.endswith(_PATCH)
    if resource.op in ("delete", "replace") and (resource.protected or (stateful and context.production)):
        verb = "deleted" if resource.op == "delete" else "replaced"
        why = "although it is protected" if resource.protected else "and its state lost"
        yield f"would be {verb}, {why}"


def over_budget(_: Resource, context: Context) -> Iterator[str]:
    """Reject a stack whose minimum cost exceeds its budget."""
    if context.budget is not None and context.cost is not None and context.cost > context.budget:
        yield f"costs at least ${context.cost:,.0f} per month, and the budget is ${context.budget:,.0f}"


def node_bounds(resource: Resource, _: Context) -> Iterator[str]:
    """Reject a node group whose minimum size exceeds its maximum."""
    sizes = resource.inputs.get("scalingConfig") or {}
    low, high = sizes.get("minSize", 0), sizes.get("maxSize", 0)
    numbers = isinstance(low, (int, float)) and isinstance(high, (int, float))
    if resource.op != "delete" and numbers and low > high:
        yield f"has a minimum of {low:.0f} nodes and a maximum of {high:.0f}"
