"""Checks of what stands on AWS."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from policies.check import Context, Resource

Inputs = Mapping[str, Any]

CLUSTER = "aws:eks/cluster:Cluster"
NODES = "aws:eks/nodeGroup:NodeGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
POLICY_DOCUMENTS = ("aws:iam/rolePolicy:", "aws:iam/policy:", "aws:iam/userPolicy:", "aws:iam/groupPolicy:")
ATTACHMENTS = ("aws:iam/rolePolicyAttachment:", "aws:iam/userPolicyAttachment:")
STATEFUL = (
    CLUSTER,
    "aws:s3/bucket:Bucket",
    "aws:kms/key:Key",
    "aws:ebs/volume:",
    "aws:efs/fileSystem:",
    "aws:rds/",
    "aws:dynamodb/table:",
    "kubernetes:core/v1:PersistentVolumeClaim",
)
_WORLD = ("0.0.0.0/0", "::/0")
_READS = ("Describe", "Get", "List")


def _present(resource: Resource) -> bool:
    return resource.op != "delete"


def open_api(resource: Resource, _: Context) -> Iterator[str]:
    """Refuse a Kubernetes API that the whole internet reaches."""
    network: Mapping[str, Any] = resource.inputs.get("vpcConfig") or {}
    cidrs = network.get("publicAccessCidrs") or []
    anybody = any(cidr in _WORLD for cidr in cidrs) or not cidrs
    if _present(resource) and network.get("endpointPublicAccess") is not False and network and anybody:
        yield "the whole internet reaches the Kubernetes API"


def open_clients(resource: Resource, context: Context) -> Iterator[str]:
    """Refuse a gateway that everybody reaches without encryption."""
    source = resource.inputs.get("cidrIpv4") or resource.inputs.get("cidrIpv6")
    if _present(resource) and source in _WORLD and not context.tls:
        port = resource.inputs.get("fromPort", "all")
        yield f"everybody may connect to port {port}, and nothing encrypts it"


def unencrypted(resource: Resource, _: Context) -> Iterator[str]:
    """Refuse storage that is not encrypted."""
    check = next((check for start, check in _STORES.items() if resource.type.startswith(start)), None)
    if _present(resource) and check:
        yield from check(resource.inputs)


def _template(inputs: Inputs) -> Iterator[str]:
    for mapping in inputs.get("blockDeviceMappings") or []:
        if str((mapping.get("ebs") or {}).get("encrypted")).lower() != "true":
            yield f"disk {mapping.get('deviceName')} is not encrypted"


def _cluster(inputs: Inputs) -> Iterator[str]:
    if not inputs.get("encryptionConfig"):
        yield "Kubernetes' secrets are not encrypted with a KMS key"


def _storage_class(inputs: Inputs) -> Iterator[str]:
    if inputs.get("provisioner") == "ebs.csi.aws.com":
        yield from _flag("encrypted")(inputs.get("parameters") or {})


def _flag(key: str) -> Callable[[Inputs], Iterator[str]]:
    def check(inputs: Inputs) -> Iterator[str]:
        if str(inputs.get(key)).lower() != "true":
            yield "what it stores is not encrypted"

    return check


_STORES: Mapping[str, Callable[[Inputs], Iterator[str]]] = {
    "aws:ec2/launchTemplate:": _template,
    "aws:ebs/volume:": _flag("encrypted"),
    "aws:efs/fileSystem:": _flag("encrypted"),
    "aws:rds/instance:": _flag("storageEncrypted"),
    "aws:rds/cluster:": _flag("storageEncrypted"),
    CLUSTER: _cluster,
    "kubernetes:storage.k8s.io/v1:StorageClass": _storage_class,
}
STORES = tuple(_STORES)


def wildcard_iam(resource: Resource, _: Context) -> Iterator[str]:
    """Refuse rights to everything: every action of a service, or changes of anything there is."""
    text = resource.inputs.get("policy")
    if not _present(resource) or not isinstance(text, str):
        return
    try:
        statements = json.loads(text).get("Statement", [])
    except ValueError:
        return  # known only after `up`
    for statement in statements if isinstance(statements, list) else [statements]:
        if statement.get("Effect") == "Allow":
            yield from _too_wide(statement)


def _too_wide(statement: Mapping[str, Any]) -> Iterator[str]:
    actions = _as_list(statement.get("Action", []))
    if wide := [action for action in actions if action == "*" or action.endswith(":*")]:
        yield f"allows {', '.join(wide)}"
        return
    reads = all(action.split(":")[-1].startswith(_READS) for action in actions)
    if "*" in _as_list(statement.get("Resource", [])) and not reads and "Condition" not in statement:
        yield f"allows {', '.join(actions)} on every resource"


def administrators(resource: Resource, _: Context) -> Iterator[str]:
    """Refuse AWS' own policies that allow everything."""
    arn = str(resource.inputs.get("policyArn", ""))
    name = arn.rsplit("/", 1)[-1]
    if _present(resource) and (
        name in ("AdministratorAccess", "PowerUserAccess") or name.endswith("FullAccess")
    ):
        yield f"attaches {name}"


def lost_state(resource: Resource, context: Context) -> Iterator[str]:
    """Refuse to delete what is protected, and in production whatever holds state."""
    stateful = resource.type.startswith(STATEFUL)
    if resource.op in ("delete", "replace") and (resource.protected or (stateful and context.production)):
        verb = "deleted" if resource.op == "delete" else "replaced"
        yield f"would be {verb}{', though it is protected' if resource.protected else ' with what it holds'}"


def over_budget(_: Resource, context: Context) -> Iterator[str]:
    """Refuse a stack that costs more than its budget before anybody uses it."""
    if context.budget is not None and context.cost is not None and context.cost > context.budget:
        yield f"costs ${context.cost:,.0f} a month at least, more than its budget of ${context.budget:,.0f}"


def node_bounds(resource: Resource, _: Context) -> Iterator[str]:
    """Refuse a node group whose fewest nodes are more than its most."""
    sizes = resource.inputs.get("scalingConfig") or {}
    low, high = sizes.get("minSize", 0), sizes.get("maxSize", 0)
    if _present(resource) and isinstance(low, int) and isinstance(high, int) and low > high:
        yield f"has at least {low} nodes and at most {high}"


def _as_list(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value
