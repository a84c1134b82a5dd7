"""Descriptions of what changes about everything else: the cluster, its network, its stores, the platform."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from axon.report.findings import Finding, Risk, Statement, counted, finding_of, listed, plural
from axon.report.preview import Change, value_at

CLUSTER = "aws:eks/cluster:Cluster"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"

# The report's name of each component. The platform's add-ons are one part while they are new.
NAMES = {
    "axon:cluster:EksCluster": "cluster",
    "axon:cluster:ControlPlane": "cluster",
    "axon:cluster:NodeAddons": "EKS add-ons",
    "axon:cluster:ClusterAddons": "EKS add-ons",
    "axon:network:Network": "network",
    "axon:registry:Registry": "image registry",
    "axon:model_store:ModelStore": "model store",
    "axon:budget:Budget": "budget",
    "axon:platform:Gateway": "gateway",
    "axon:platform:EndpointPolicies": "gateway",
    "axon:platform:LoadBalancer": "load balancer",
    "axon:platform:MetricsServer": "metrics-server",
    "axon:platform:Prometheus": "Prometheus",
    "axon:platform:Keda": "KEDA",
    "axon:platform:ClusterAutoscaler": "node autoscaler",
    "axon:platform:LoadBalancerController": "load balancer controller",
    "axon:platform:DevicePlugins": "device plugins",
    "axon:platform:Logging": "logging",
    "axon:platform:ExternalDns": "external-dns",
    "axon:platform:Platform": "platform",
    "axon:platform:AwsPlatform": "platform",
}
ADDONS = {name for kind, name in NAMES.items() if kind.startswith("axon:platform:")} - {"load balancer"}


@dataclass(frozen=True)
class LossDescription:
    """The words for losing a resource of one type, and the risk."""

    noun: str
    loss: str
    risk: Risk


LOSSES = {
    CLUSTER: LossDescription("EKS cluster", "everything on it is deleted", Risk.IRREVERSIBLE),
    "aws:s3/bucket:Bucket": LossDescription("bucket", "its objects are lost", Risk.IRREVERSIBLE),
    "aws:kms/key:Key": LossDescription(
        "KMS key", "data encrypted with it becomes unreadable", Risk.IRREVERSIBLE
    ),
    "aws:ec2/vpc:Vpc": LossDescription("VPC", "everything in it is recreated", Risk.DESTRUCTIVE),
    "aws:ecr/repository:Repository": LossDescription("repository", "its images are lost", Risk.DESTRUCTIVE),
    "aws:cloudwatch/logGroup:LogGroup": LossDescription("log group", "its logs are lost", Risk.DESTRUCTIVE),
    "kubernetes:core/v1:Namespace": LossDescription(
        "namespace", "everything in it is deleted", Risk.DESTRUCTIVE
    ),
    "aws:ec2/subnet:Subnet": LossDescription("subnet", "its nodes move", Risk.DISRUPTIVE),
    "aws:ec2/natGateway:NatGateway": LossDescription(
        "NAT gateway", "outbound connections are interrupted", Risk.DISRUPTIVE
    ),
    "aws:lb/loadBalancer:LoadBalancer": LossDescription(
        "load balancer", "its address changes", Risk.DISRUPTIVE
    ),
    "aws:lb/listener:Listener": LossDescription(
        "listener", "its port rejects connections in the meantime", Risk.DISRUPTIVE
    ),
    "aws:lb/targetGroup:TargetGroup": LossDescription(
        "target group", "requests fail in the meantime", Risk.DISRUPTIVE
    ),
    "aws:budgets/budget:Budget": LossDescription("budget", "cost alerts stop", Risk.NONE),
    "aws:eks/addon:Addon": LossDescription("add-on", "its function is unavailable", Risk.DISRUPTIVE),
    "aws:iam/role:Role": LossDescription(
        "role", "its users lose their permissions in the meantime", Risk.DISRUPTIVE
    ),
    "kubernetes:helm.sh/v3:Release": LossDescription("chart", "its objects are deleted", Risk.DISRUPTIVE),
    "kubernetes:apps/v1:Deployment": LossDescription(
        "Deployment", "its pods are down in the meantime", Risk.DISRUPTIVE
    ),
    "kubernetes:core/v1:Service": LossDescription("Service", "its address changes", Risk.DISRUPTIVE),
    "kubernetes:apps/v1:DaemonSet": LossDescription(
        "DaemonSet", "its pods are down in the meantime", Risk.DISRUPTIVE
    ),
    "kubernetes:gateway.networking.k8s.io/v1:Gateway": LossDescription(
        "Gateway", "no model responds in the meantime", Risk.DISRUPTIVE
    ),
}
_VERBS = {"delete": "removed", "replace": "replaced", "create": "added", "update": "updated in place"}
_LOSING = ("delete", "replace")
# Types whose loss stops nothing.
_QUIET = ("Tag", "Attachment", "Association", "Policy", "Rule", "Alias", "AccessEntry", "Record")
# The nouns that the words of a type's name do not give.
_NOUNS = {"Eip": "public address", "VpcEndpoint": "VPC endpoint"}
_ROLLED = ("Deployment", "DaemonSet", "Release", "Addon")


def describe_part(name: str, changes: Sequence[Change]) -> Finding | None:
    """Return the finding of one part's resources; None if nothing differs."""
    changed = [change for change in changes if change.op != "same"]
    return finding_of("", name, _statements(changed))


def _statements(changed: Sequence[Change]) -> Iterator[Statement]:
    if all(change.type.startswith("axon:") for change in changed):
        return  # a component without resources, such as device plugins without a GPU
    resources = [change for change in changed if change.custom]
    statements = [Statement("new")] if _is_new(changed) else []
    for change in resources:
        statements += _special(change)
    for op in ("delete", "replace", "update"):
        statements += _by_type(op, [c for c in resources if c.op == op and not _is_relabeling(c)])
    if not _is_new(changed):
        added = [change for change in resources if change.op == "create" and change.type in LOSSES]
        statements += [Statement(f"{_counted_types(added)} added")] if added else []
    yield from statements or _counts(resources)


def _counts(resources: Sequence[Change]) -> Iterator[Statement]:
    """Yield how many resources change, where their types have no words of their own."""
    for op, verb in _VERBS.items():
        alike = [change for change in resources if change.op == op]
        loud = any(not change.type.endswith(_QUIET) for change in alike)
        if alike:
            risk = Risk.DISRUPTIVE if loud and op in _LOSING else Risk.NONE
            yield Statement(f"{_counted_types(alike)} {verb}", risk)


def _is_new(changed: Sequence[Change]) -> bool:
    """Whether the part itself is new, not only a resource in it."""
    return any(change.op == "create" and change.type.startswith("axon:") for change in changed)


def _is_relabeling(change: Change) -> bool:
    """Whether only tags and descriptions change."""
    paths = [part.path for part in change.differences]
    return change.op == "update" and bool(paths) and all(p.startswith(("tags", "description")) for p in paths)


def _counted_types(resources: Sequence[Change]) -> str:
    counts: dict[str, int] = {}
    for change in resources:
        loss = LOSSES.get(change.type)
        noun = loss.noun if loss else _noun(change.type)
        counts[noun] = counts.get(noun, 0) + 1
    return ", ".join(counted(count, noun) for noun, count in counts.items())


def _noun(token: str) -> str:
    """Return AWS' `RouteTableAssociation` as `route table association`, and a Kubernetes kind as it is."""
    kind = token.rsplit(":", 1)[-1]
    if token.startswith("kubernetes:"):
        return kind
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind)
    return _NOUNS.get(kind) or words.strip()


def _special(change: Change) -> Iterator[Statement]:
    """Yield the statements about changes that have words of their own."""
    if change.type == CLUSTER and change.op == "update":
        yield from _cluster(change)
    if change.type == INGRESS_RULE and change.name.startswith("gateway-"):
        source = (change.new or change.old).get("cidrIpv4", "a network")
        if change.op == "create":
            yield Statement(f"clients from {source} can connect")
        elif change.op == "delete":
            yield Statement(f"clients from {source} can no longer connect", Risk.DISRUPTIVE)


def _cluster(change: Change) -> Iterator[Statement]:
    before, after = change.old.get("version"), change.new.get("version")
    if before != after:
        text = (
            f"Kubernetes {before} → {after}: the API stays available, "
            "the upgrade cannot be rolled back after seven days"
        )
        yield Statement(text, Risk.IRREVERSIBLE)
    if _api_networks(change.old) != _api_networks(change.new):
        networks = f"{_api_networks(change.old)} → {_api_networks(change.new)}"
        yield Statement(f"networks allowed to reach the Kubernetes API: {networks}")
    if value_at(change.old, "vpcConfig.subnetIds") != value_at(change.new, "vpcConfig.subnetIds"):
        yield Statement("control plane moves to other subnets, in place")


def _api_networks(inputs: object) -> str:
    networks = value_at(inputs, "vpcConfig.publicAccessCidrs")
    is_public = value_at(inputs, "vpcConfig.endpointPublicAccess")
    return listed(networks) if networks and is_public is not False else "the VPC only"


def _by_type(op: str, changes: Sequence[Change]) -> Iterator[Statement]:
    by_type: dict[str, list[Change]] = {}
    for change in changes:
        if change.type in LOSSES:
            by_type.setdefault(change.type, []).append(change)
    for kind, alike in by_type.items():
        description = LOSSES[kind]
        subject, loss = _subject_and_loss(description, alike)
        verb = "is" if len(alike) == 1 else "are"
        if op in _LOSING:
            lost = "deleted" if op == "delete" else "replaced"
            yield Statement(f"{subject} {verb} {lost}: {loss}", description.risk)
        elif kind.endswith(_ROLLED):
            yield Statement(f"{subject} {verb} updated, one replica at a time", Risk.ROLLING)
        elif kind != CLUSTER:
            yield Statement(f"{subject} {verb} updated in place")


def _subject_and_loss(description: LossDescription, alike: Sequence[Change]) -> tuple[str, str]:
    names = listed(sorted(change.name.rsplit("/", 1)[-1] for change in alike))
    if len(alike) == 1:
        return f"{description.noun} {names}", description.loss
    loss = description.loss
    for one, several in (("its ", "their "), (" in it ", " in them "), (" on it ", " on them ")):
        loss = loss.replace(one, several)
    return f"{plural(description.noun)} {names}", loss
