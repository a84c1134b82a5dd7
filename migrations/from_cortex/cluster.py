"""cluster.yaml as `axon:cluster`."""

from typing import Any

from migrations.from_cortex.node_groups import node_groups
from migrations.from_cortex.report import Fields, given, mapping, sequence

ACCOUNT = "111122223333"
"""Placeholder for the reader's AWS account, which Cortex's file does not contain."""

_NAT = {"none": "single", "single": "single", "highly_available": "per_zone"}
# stacks/settings/aws/units.py
_LONGEST = 20
_ANYWHERE = "0.0.0.0/0"
_UNMATCHED = {
    "provider": "has no match: AWS alone",
    "bucket": "has no match: the stack has a bucket of its own (`model_store`)",
    "prometheus_instance_type": "has no match: Prometheus runs in the group `system`",
    "operator_load_balancer_scheme": "has no match: there is no operator; `endpoint` is the Kubernetes API's",
    "api_load_balancer_type": "has no match: it is a network load balancer",
    "api_gateway": "has no match: clients reach the load balancer",
    "telemetry": "has no match: axon sends nothing to anybody",
    "subnets": "has no match: `network.existing` takes them with their VPC's id and network, which you know",
    "log_group": "has no match: the stack has a log group of its own (`logging`)",
}


def cluster(fields: Fields) -> dict[str, Any]:
    """Return an EKS cluster."""
    fields.note("", f"account: {ACCOUNT} stands for your account: Cortex's file does not name it")
    fields.note("", "Cortex's cluster cannot be taken over: this one is made beside it")
    public = fields.take("subnet_visibility", "public") == "public"
    groups = node_groups(fields, public=public)
    found = {
        "kind": "eks",
        "name": _name(fields),
        "account": ACCOUNT,
        "region": str(fields.take("region", "us-east-1")),
        **given(
            network=_network(fields),
            endpoint=_endpoint(fields),
            load_balancer=_load_balancer(fields),
            tags={key: str(value) for key, value in mapping(fields.take("tags")).items()},
        ),
        "node_groups": groups,
    }
    fields.unmatched(_UNMATCHED)
    images = [key for key in fields.data if key.startswith("image_")]
    for key in images:
        fields.take(key)
    if images:
        fields.note("image_*", "has no match: `axon:images.mirror` is where the platform's images come from")
    fields.rest()
    return found


def _name(fields: Fields) -> str:
    """Return a name that is short enough for the roles that contain it."""
    name = str(fields.take("cluster_name", "cortex"))
    short = name[:_LONGEST].rstrip("-")
    if short != name:
        fields.note("cluster_name", f"has {_LONGEST} characters at most here: now {short}")
    return short


def policies(fields: Fields) -> list[str]:
    """Return the policies that every API had, except for the permissions for all of S3."""
    kept: list[str] = []
    for arn in map(str, sequence(fields.take("iam_policy_arns"))):
        if arn.endswith("FullAccess"):
            fields.note("iam_policy_arns", f"{arn} is left out: name what models may read in `aws.read`")
        else:
            kept.append(arn)
    return kept


def _network(fields: Fields) -> dict[str, Any]:
    nat = str(fields.take("nat_gateway", "none"))
    if nat == "none":
        fields.note("nat_gateway", "none needs `network.interface_endpoints` here: now single, which costs")
    zones = sequence(fields.take("availability_zones"))
    return given(cidr=fields.take("vpc_cidr"), zones=zones, nat=_NAT.get(nat, nat))


def _endpoint(fields: Fields) -> dict[str, Any]:
    """Return the access to deployment: formerly the operator's load balancer, now the Kubernetes API."""
    networks = sequence(fields.take("operator_load_balancer_cidr_white_list")) or [_ANYWHERE]
    if _ANYWHERE in networks:
        fields.note(
            "operator_load_balancer_cidr_white_list",
            "was the whole internet: name the networks that deploy in `endpoint.public_cidrs`",
        )
    return given(public_cidrs=[network for network in networks if network != _ANYWHERE])


def _load_balancer(fields: Fields) -> dict[str, Any]:
    """Return the access to the APIs. A public load balancer becomes internal until the reader changes
    that.
    """
    networks = sequence(fields.take("api_load_balancer_cidr_white_list")) or [_ANYWHERE]
    scheme = fields.take("api_load_balancer_scheme") or "internet-facing"
    tls = given(certificate_arn=fields.take("ssl_certificate_arn"))
    public = scheme != "internal"
    if public and _ANYWHERE in networks:
        fields.note(
            "api_load_balancer_cidr_white_list",
            "was the whole internet: now internal; for clients outside set `scheme: internet-facing` "
            "and `allow`",
        )
        scheme, public = "internal", False
    elif public and not tls:
        fields.note(
            "ssl_certificate_arn", "is unset: `plain_http` lets requests be read on their way, set `tls`"
        )
    allow = [network for network in networks if network != _ANYWHERE]
    return given(scheme=scheme, allow=allow, tls=tls, plain_http=True if public and not tls else None)
