"""Stack files to run: the project's own, and one for each thing that a stack can have on AWS besides."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from stacks.settings.aws.network import NEEDED_WITHOUT_NAT
from tests.aws_models.account import ACCOUNT, client
from tests.aws_models.program import PROJECT

CERTIFICATE = f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"
ZONE = "Z0123456789ABCDEFGHIJ"
_SYSTEM = {"role": "system", "instance_types": ["m7i.large"], "min_instances": 2, "max_instances": 3}
_CPU = {"instance_types": ["m7i.large"], "max_instances": 3}
_DNS = {"zone_id": ZONE, "hostnames": ["models.example.com"]}


def _nodes(*instance_types: str, **more: Any) -> dict[str, Any]:
    group = {"instance_types": list(instance_types), "min_instances": 0, "max_instances": 2, **more}
    return {"node_groups": {"system": _SYSTEM, "cpu": _CPU, "nodes": group}}


def _balancer(**settings: Any) -> dict[str, Any]:
    return {"load_balancer": {"allow": ["203.0.113.0/24"], **settings}}


_PLAIN = _balancer(plain_http=True)


# what a small cluster has besides, by what a test is called
_CACHE = {
    name: f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:ecr-pullthroughcache/{name}-abcdef"
    for name in ("docker_hub", "github")
}
VARIANTS: dict[str, dict[str, Any]] = {
    "no-tls": {},
    "tls-at-the-load-balancer": _balancer(tls={"certificate_arn": CERTIFICATE}, dns=_DNS),
    "tls-at-the-gateway": _balancer(tls={"cluster_issuer": "letsencrypt"}, dns=_DNS),
    "client-certificates": _balancer(tls={"cluster_issuer": "letsencrypt", "client_ca": "clients"}, dns=_DNS),
    "proxy-protocol": _balancer(plain_http=True, client_ip="proxy_protocol"),
    "internal": _balancer(scheme="internal", allow=["10.0.0.0/16"]),
    "no-nat": {
        "network": {"nat": "none", "interface_endpoints": list(NEEDED_WITHOUT_NAT)},
        "image_cache": _CACHE,
    },
    "flow-logs-and-a-nat-a-zone": {"network": {"nat": "per_zone", "flow_logs": True}},
    "public-nodes": _nodes("m7i.large", subnets="public"),
    "bottlerocket": _nodes("m7i.large", image="bottlerocket"),
    "graviton": _nodes("m7g.large", "m6g.large", spot=True),
    "graviton-bottlerocket": _nodes("m7g.large", image="bottlerocket"),
    "gpu": _nodes("g5.xlarge", disk={"size": 150}, max_unavailable=1),
    "gpu-bottlerocket": _nodes("g4dn.xlarge", image="bottlerocket"),
    "gpu-on-arm": {"region": "us-east-1", **_nodes("g5g.xlarge", zones=["us-east-1a"])},
    "neuron": _nodes("inf2.xlarge"),
    "trainium": {"region": "us-west-2", **_nodes("trn1.2xlarge", zones=["us-west-2b"])},
    "labels-taints-and-fast-disks": _nodes(
        "m7i.large",
        labels={"team/tier": "batch"},
        taints=[{"key": "team", "value": "vision", "effect": "NoExecute"}],
        disk={"size": 500, "type": "io2", "iops": 20000},
    ),
    "external-dns": {"external_dns": {"zone_ids": [ZONE]}},
    "budget-and-tags": {
        "budget": {"monthly_usd": 100, "emails": ["team@example.com"]},
        "tags": {"team": "vision", "cost:center": "a b/c=d+e@f.g_h-1"},
    },
    "protected": {"protected": True, "endpoint": {"anywhere": True}},
    "long-names": {
        "name": "twenty-characters-ab",
        "node_groups": {"system": _SYSTEM, "thirty-characters-of-a-group-1": _CPU},
    },
    "virginia": {"region": "us-east-1"},
    "permissions-boundary": {"permissions_boundary": f"arn:aws:iam::{ACCOUNT}:policy/axon-boundary-lab"},
    "access": {
        "access": {
            policy: {"principal_arn": f"arn:aws:iam::{ACCOUNT}:role/{policy}", "policy": policy}
            for policy in ("cluster-admin", "admin", "admin-view", "edit", "view")
        }
    },
    "image-cache": {"image_cache": _CACHE},
}
_MODELS = {
    "iris": {
        "predictor": {"type": "sklearn", "path": "predictors/iris"},
        "aws": {
            "read": ["s3://models/iris/"],
            "policy_arns": ["arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"],
        },
    }
}


def project_files() -> dict[str, str]:
    """Return the project's own stack files on AWS, by stack."""
    files = {file.name.split(".")[1]: file.read_text() for file in PROJECT.glob("stacks/Pulumi.*.yaml")}
    return {stack: text for stack, text in files.items() if "kind: eks" in text}


def bootstrap_files() -> dict[str, str]:
    """Return the stack files of `bootstrap/`, by account."""
    return {file.name.split(".")[1]: file.read_text() for file in PROJECT.glob("bootstrap/Pulumi.*.yaml")}


def variant(name: str, serial: int) -> str:
    """Return a small stack with what the variant adds, whose names in the account are its own."""
    groups = {"system": _SYSTEM, "cpu": _CPU}
    given = {"region": "eu-west-1", "name": f"v{serial}", "node_groups": groups, **_PLAIN, **VARIANTS[name]}
    network = {"zone_count": 2, **given.pop("network", {})}
    cluster = {"kind": "eks", "account": ACCOUNT, "version": "1.36", "network": network, **given}
    return yaml.safe_dump({"config": {"axon:cluster": cluster, "axon:models": _MODELS}}, sort_keys=False)


def in_an_existing_vpc(region: str) -> str:
    """Return a small stack in a VPC that the account has already."""
    ec2 = client("ec2", region)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    numbers = iter(range(100))

    def subnets() -> Iterator[tuple[str, str]]:
        for zone in (f"{region}a", f"{region}b"):
            made = ec2.create_subnet(VpcId=vpc, AvailabilityZone=zone, CidrBlock=f"10.9.{next(numbers)}.0/24")
            yield zone, made["Subnet"]["SubnetId"]

    existing = {
        "vpc": vpc,
        "cidr": "10.9.0.0/16",
        "private_subnets": dict(subnets()),
        "public_subnets": dict(subnets()),
    }
    cluster = {"kind": "eks", "account": ACCOUNT, "version": "1.36", "region": region, "name": "existing"}
    cluster |= {"network": {"existing": existing}, "node_groups": {"system": _SYSTEM, "cpu": _CPU}, **_PLAIN}
    return yaml.safe_dump({"config": {"axon:cluster": cluster, "axon:models": _MODELS}}, sort_keys=False)


def with_what_there_is(text: str, region: str, endpoint: str | None = None) -> str:
    """Put a certificate and a hosted zone that the account has in the place of those that a file names."""
    for arn in set(re.findall(r"arn:aws:acm:[a-z0-9:/-]+", text)):
        made = client("acm", region, endpoint).request_certificate(DomainName="models.example.com")
        text = text.replace(arn, made["CertificateArn"])
    for zone in set(re.findall(r"\bZ[A-Z0-9]{10,31}\b", text)):
        made = client("route53", region, endpoint).create_hosted_zone(
            Name="example.com", CallerReference=zone
        )
        text = text.replace(zone, made["HostedZone"]["Id"].removeprefix("/hostedzone/"))
    return text


def region_of(text: str) -> str:
    """Return the region of a stack file."""
    config: dict[str, Any] = yaml.safe_load(text)["config"]
    return next(iter(config.values()))["region"]
