"""What changes about everything else: the cluster, its network, its stores, the platform."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from axon.report.findings import Finding, Risk, Said, counted, listed
from axon.report.preview import Change, value_at

CLUSTER = "aws:eks/cluster:Cluster"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"

# What a component is called. Those of the platform's add-ons are one part while they are new.
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
class Rule:
    """How losing a kind of thing is said, and how much it hurts."""

    noun: str
    lost: str
    risk: Risk


RULES = {
    CLUSTER: Rule(
        "EKS cluster", "everything on it goes, and it is made anew from nothing", Risk.IRREVERSIBLE
    ),
    "aws:s3/bucket:Bucket": Rule("bucket", "the objects in it are lost", Risk.IRREVERSIBLE),
    "aws:kms/key:Key": Rule("KMS key", "what it encrypted cannot be read again", Risk.IRREVERSIBLE),
    "aws:ec2/vpc:Vpc": Rule("VPC", "everything in it is made anew", Risk.DESTRUCTIVE),
    "aws:ecr/repository:Repository": Rule("repository", "its images are deleted", Risk.DESTRUCTIVE),
    "aws:cloudwatch/logGroup:LogGroup": Rule("log group", "its logs are lost", Risk.DESTRUCTIVE),
    "kubernetes:core/v1:Namespace": Rule("namespace", "everything in it goes", Risk.DESTRUCTIVE),
    "aws:ec2/subnet:Subnet": Rule("subnet", "the nodes in it move", Risk.DISRUPTIVE),
    "aws:ec2/natGateway:NatGateway": Rule("NAT gateway", "the way out is interrupted", Risk.DISRUPTIVE),
    "aws:lb/loadBalancer:LoadBalancer": Rule("load balancer", "its address changes", Risk.DISRUPTIVE),
    "aws:lb/listener:Listener": Rule("listener", "its port refuses connections meanwhile", Risk.DISRUPTIVE),
    "aws:lb/targetGroup:TargetGroup": Rule("target group", "requests fail meanwhile", Risk.DISRUPTIVE),
    "aws:budgets/budget:Budget": Rule("budget", "nobody is warned about cost", Risk.NONE),
    "aws:eks/addon:Addon": Rule("add-on", "what it does stops", Risk.DISRUPTIVE),
    "aws:iam/role:Role": Rule("role", "who has it loses its rights meanwhile", Risk.DISRUPTIVE),
    "kubernetes:helm.sh/v3:Release": Rule("chart", "what it installed goes", Risk.DISRUPTIVE),
    "kubernetes:helm.sh/v4:Chart": Rule("chart", "what it installed goes", Risk.DISRUPTIVE),
    "kubernetes:apps/v1:Deployment": Rule("deployment", "it stops meanwhile", Risk.DISRUPTIVE),
    "kubernetes:core/v1:Service": Rule("service", "its address changes", Risk.DISRUPTIVE),
    "kubernetes:apps/v1:DaemonSet": Rule("daemon", "it stops meanwhile", Risk.DISRUPTIVE),
    "kubernetes:gateway.networking.k8s.io/v1:Gateway": Rule("gateway", "no model answers", Risk.DISRUPTIVE),
}
_VERBS = {"delete": "removed", "replace": "replaced", "create": "added", "update": "updated in place"}
_LOSSES = ("delete", "replace")
# Nothing stops when these go and come again.
_QUIET = ("Tag", "Attachment", "Association", "Policy", "Rule", "Alias", "AccessEntry", "Record")
# What the words of a type's name do not say.
_WORDS = {"Eip": "public address", "VpcEndpoint": "VPC endpoint"}
_ROLLED = ("Deployment", "DaemonSet", "Release", "Chart", "Addon")


def describe_part(name: str, changes: Sequence[Change]) -> Finding | None:
    """Return what the changes of one part come to; None where nothing differs."""
    changed = [change for change in changes if change.op != "same"]
    said = list(_said(changed))
    if not said:
        return None
    text = "; ".join(dict.fromkeys(part.text for part in said))
    return Finding("", name, text, max(part.risk for part in said))


def _said(changed: Sequence[Change]) -> Iterator[Said]:
    if all(change.type.startswith("axon:") for change in changed):
        return  # a component that holds nothing, such as device plugins without a GPU
    things = [change for change in changed if change.custom]
    spoken = [Said("new")] if _is_whole(changed) else []
    for change in things:
        spoken += _special(change)
    for op in ("delete", "replace", "update"):
        spoken += _by_rule(op, [c for c in things if c.op == op and not _is_renaming(c)])
    if not _is_whole(changed):
        added = [change for change in things if change.op == "create" and change.type in RULES]
        spoken += [Said(f"{_kinds(added)} added")] if added else []
    yield from spoken or _counted(things)


def _counted(things: Sequence[Change]) -> Iterator[Said]:
    """Say of what has no words of its own how many there are."""
    for op, verb in _VERBS.items():
        alike = [change for change in things if change.op == op]
        loud = any(not change.type.endswith(_QUIET) for change in alike)
        if alike:
            yield Said(f"{_kinds(alike)} {verb}", Risk.DISRUPTIVE if loud and op in _LOSSES else Risk.NONE)


def _is_whole(changed: Sequence[Change]) -> bool:
    """Whether the part itself is new, not a thing in it."""
    return any(change.op == "create" and change.type.startswith("axon:") for change in changed)


def _is_renaming(change: Change) -> bool:
    """Whether only what people read of it changes: its tags and its description."""
    paths = [part.path for part in change.differences]
    return change.op == "update" and bool(paths) and all(p.startswith(("tags", "description")) for p in paths)


def _kinds(things: Sequence[Change]) -> str:
    counts: dict[str, int] = {}
    for change in things:
        rule = RULES.get(change.type)
        word = rule.noun if rule else _words(change.type.rsplit(":", 1)[-1])
        counts[word] = counts.get(word, 0) + 1
    return ", ".join(counted(count, word) for word, count in counts.items())


def _words(kind: str) -> str:
    """Write `RouteTableAssociation` as `route table association`."""
    return (
        _WORDS.get(kind)
        or "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind).strip()
    )


def _special(change: Change) -> Iterator[Said]:
    """Say what deserves words of its own."""
    if change.type == CLUSTER and change.op == "update":
        yield from _of_cluster(change)
    if change.type == RULE and change.op in ("create", "delete") and change.name.startswith("gateway-"):
        source = (change.new or change.old).get("cidrIpv4", "a network")
        verb = "may connect" if change.op == "create" else "may no longer connect"
        yield Said(f"clients of {source} {verb}", Risk.NONE if change.op == "create" else Risk.DISRUPTIVE)


def _of_cluster(change: Change) -> Iterator[Said]:
    before, after = change.old.get("version"), change.new.get("version")
    if before != after:
        yield Said(
            f"Kubernetes {before} → {after}: the API stays up, and there is no way back after seven days",
            Risk.IRREVERSIBLE,
        )
    key = "vpcConfig.publicAccessCidrs"
    if value_at(change.old, key) != value_at(change.new, key):
        networks = f"{_networks(change.old)} → {_networks(change.new)}"
        yield Said(f"networks that reach the Kubernetes API: {networks}")
    if value_at(change.old, "vpcConfig.subnetIds") != value_at(change.new, "vpcConfig.subnetIds"):
        yield Said("its interfaces get other subnets, in place")


def _networks(inputs: object) -> str:
    found = value_at(inputs, "vpcConfig.publicAccessCidrs")
    open_to_public = value_at(inputs, "vpcConfig.endpointPublicAccess")
    return listed(found) if found and open_to_public is not False else "inside the VPC alone"


def _by_rule(op: str, changes: Sequence[Change]) -> Iterator[Said]:
    by_type: dict[str, list[Change]] = {}
    for change in changes:
        if change.type in RULES:
            by_type.setdefault(change.type, []).append(change)
    for kind, alike in by_type.items():
        rule, names = RULES[kind], listed(sorted(change.name for change in alike))
        one = len(alike) == 1
        noun = rule.noun if one else counted(2, rule.noun).split(" ", 1)[1]
        lost = rule.lost if one else rule.lost.replace("its ", "their ").replace(" in it ", " in them ")
        if op == "delete":
            yield Said(f"{noun} {names} removed: {lost}", rule.risk)
        elif op == "replace":
            yield Said(f"{noun} {names} → REPLACEMENT: {lost}", rule.risk)
        elif kind.endswith(_ROLLED):
            yield Said(f"{noun} {names} updated, one replica after the other", Risk.ROLLING)
        elif kind != CLUSTER:
            yield Said(f"{noun} {names} updated in place")
