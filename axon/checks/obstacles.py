"""Obstacles that would stop `make down` of a stack on AWS in the middle; found before anything is removed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from axon.aws_cli import AwsError, ask_aws
from axon.steps import console
from stacks.settings.aws.eks import EksCluster

_BUCKET, _VPC = "aws:s3/bucket:Bucket", "aws:ec2/vpc:Vpc"
_BALANCER = "aws:lb/loadBalancer:LoadBalancer"

Resources = Sequence[Mapping[str, Any]]


def obstacles(cluster: EksCluster, resources: Resources) -> Iterator[str]:
    """Yield resources that AWS would refuse to delete, or that would keep the VPC, with what to do about
    them.

    `resources` are the state's. A part of AWS that this machine may not read is reported and skipped.
    """
    for bucket in _of(resources, _BUCKET):
        yield from _filled_bucket(cluster, bucket)
    for vpc in _of(resources, _VPC):
        yield from _balancers(cluster, str(vpc["id"]), resources)
        yield from _interfaces(cluster, str(vpc["id"]), resources)


def _of(resources: Resources, kind: str) -> list[Mapping[str, Any]]:
    return [resource for resource in resources if resource.get("type") == kind and resource.get("id")]


def _filled_bucket(cluster: EksCluster, resource: Mapping[str, Any]) -> Iterator[str]:
    if (resource.get("outputs") or {}).get("forceDestroy"):
        return
    name = str(resource["id"])
    found = _aws(cluster, "s3api", "list-object-versions", "--bucket", name, "--max-keys", "1")
    if found and (found.get("Versions") or found.get("DeleteMarkers")):
        yield (
            f"the bucket {name} holds objects, or old versions of them: set "
            "`model_store.delete_with_contents: true` and `make up`, or empty it"
        )


def _balancers(cluster: EksCluster, vpc: str, resources: Resources) -> Iterator[str]:
    """Yield load balancers that a Service or an Ingress has created: they would keep the VPC."""
    own = {str((one.get("outputs") or {}).get("arn")) for one in _of(resources, _BALANCER)}
    found = (_aws(cluster, "elbv2", "describe-load-balancers") or {}).get("LoadBalancers", [])
    for one in found:
        if one.get("VpcId") == vpc and one["LoadBalancerArn"] not in own:
            yield f"the load balancer {one['LoadBalancerName']} is not axon's: delete its Service or Ingress"
    classic = (_aws(cluster, "elb", "describe-load-balancers") or {}).get("LoadBalancerDescriptions", [])
    for one in classic:
        if one.get("VPCId") == vpc:
            yield f"the load balancer {one['LoadBalancerName']} is not axon's: delete its Service"


def _interfaces(cluster: EksCluster, vpc: str, resources: Resources) -> Iterator[str]:
    """Yield network interfaces of others, such as of another database in the VPC."""
    words = ("--filters", f"Name=vpc-id,Values={vpc}")
    found = (_aws(cluster, "ec2", "describe-network-interfaces", *words) or {}).get("NetworkInterfaces", [])
    own = {str(resource["id"]) for resource in resources if resource.get("id")}
    for one in found:
        if not _is_own(cluster, one, own):
            what = one.get("Description") or one.get("InterfaceType", "")
            name = f"{one['NetworkInterfaceId']} ({what})"
            yield f"the network interface {name} is not axon's: delete what has it"


def _is_own(cluster: EksCluster, interface: Mapping[str, Any], own: set[str]) -> bool:
    """Return True if an interface belongs to a resource of the state, by its tags or its description."""
    tags = {tag["Key"]: tag["Value"] for tag in interface.get("TagSet", [])}
    names = ("axon:cluster", "cluster.k8s.amazonaws.com/name", "eks:cluster-name")
    if cluster.name in (tags.get(name) for name in names):
        return True
    description = interface.get("Description", "")
    # Load balancers' are reported already, or are the stack's; NAT gateways and endpoints have their id.
    if description.startswith((f"Amazon EKS {cluster.name}", "ELB ", "aws-K8S-")):
        return True
    return any(word in own for word in description.split())


def _aws(cluster: EksCluster, *words: str) -> Any:
    """Return AWS' response, or None if there is none."""
    try:
        return ask_aws(cluster.region, *words)
    except AwsError as error:
        console.print(f"not looked at ({error.operation}): {error.said}")
        return None
