"""A wrong stack file for AWS: one line an error, with its place, what is wrong, and what would be right."""
# ruff: noqa: E501 (a message is one line here too)

from pathlib import Path

import pytest

from stacks.settings import load_file
from stacks.settings.aws.eks import EksCluster
from tests.unit.aws_stack_file import EXISTING, GOOD
from tests.unit.refusals import lines

ELSEWHERE = """\
config:
  axon:cluster: {kind: existing}
  axon:images: {registry: localhost:5000/axon}
  axon:models:
    iris:
      predictor: {image: "registry.example/iris:1"}
      compute: {cpu: 200m}
"""

# what is replaced, by what, the line it stands on, and the rest of the message:
# of the cluster itself, and who may use it
OF_CLUSTER = [
    ("kind: eks", "kind: esk", 3, 'cluster.kind: "esk" is not known (try eks)'),
    (
        "name: lab",
        "name: Lab_1",
        4,
        'cluster.name: "Lab_1" cannot be a cluster\'s name: 2 to 20 lower-case letters, digits, hyphens (try lab)',
    ),
    (
        "name: lab",
        "name: a-very-long-cluster-name",
        4,
        'cluster.name: "a-very-long-cluster-name" cannot be a cluster\'s name: 2 to 20 lower-case letters, digits, hyphens (try a-very-long-cluster)',
    ),
    ("    name: lab\n", "", 2, "cluster.name: is required"),
    (
        'account: "111122223333"',
        'account: "1111-2222"',
        5,
        'cluster.account: "1111-2222" is not an AWS account id: twelve digits, in quotes',
    ),
    (
        "region: eu-west-1",
        "region: eu-west-1a",
        6,
        'cluster.region: "eu-west-1a" is not an AWS region (try eu-west-1)',
    ),
    (
        "region: eu-west-1",
        "region: ireland",
        6,
        'cluster.region: "ireland" is not an AWS region (such as eu-west-1)',
    ),
    ('version: "1.36"', 'version: "1.29"', 7, 'cluster.version: "1.29" is not known (try 1.35 or 1.36)'),
    (
        'version: "1.36"',
        "addons: {coredn: v1.14.3-eksbuild.3}",
        7,
        'cluster.addons.coredn: "coredn" is not known (try coredns)',
    ),
    ("    endpoint:", "    endpoints:", 14, "cluster.endpoints: unknown key (try endpoint)"),
    ("    tags: {team: vision}", "    tag: {team: vision}", 50, "cluster.tag: unknown key (try tags)"),
    ("tags: {team: vision}", "tags: {team: 1}", 50, 'cluster.tags.team: 1 is a number (try "1", in quotes)'),
    (
        "public_cidrs: [203.0.113.0/24]",
        "public_cidrs: [0.0.0.0/0]",
        15,
        "cluster.endpoint.public_cidrs: 0.0.0.0/0 is the whole internet: say `anywhere: true` if that is meant",
    ),
    (
        "public_cidrs: [203.0.113.0/24]",
        "public_cidrs: [203.0.113.5/24]",
        15,
        'cluster.endpoint.public_cidrs.0: "203.0.113.5/24" is not the first address of its network (try 203.0.113.0/24)',
    ),
    (
        "public_cidrs: [203.0.113.0/24]",
        "public_cidrs: 203.0.113.0/24",
        15,
        'cluster.endpoint.public_cidrs: "203.0.113.0/24" is not a list',
    ),
    (
        "principal_arn: arn:aws:iam::111122223333:role/team",
        "principal_arn: role/team",
        18,
        'cluster.access.team.principal_arn: "role/team" is not an ARN (arn:aws:service:region:account:resource)',
    ),
    ("policy: view", "policy: viewer", 19, 'cluster.access.team.policy: "viewer" is not known (try view)'),
    (
        "policy: view",
        "policy: cluster-admin\n        namespaces: [models]",
        17,
        "cluster.access.team: cluster-admin holds everywhere (try `policy: admin`)",
    ),
    (
        "        policy: view",
        "        polciy: view",
        19,
        "cluster.access.team.polciy: unknown key (try policy)",
    ),
]
# of its network
OF_NETWORK = [
    ("    network:", "    netwrok:", 8, "cluster.netwrok: unknown key (try network)"),
    ("zone_count: 3", "zonecount: 3", 11, "cluster.network.zonecount: unknown key (try zone_count)"),
    ("zone_count: 3", "zone_count: 7", 11, "cluster.network.zone_count: 7 is more than 6, the most allowed"),
    ("zone_count: 3", "zones: [eu-west-1a]", 11, "cluster.network.zones: EKS needs two zones"),
    ("zone_count: 3", "zones: [eu-west-1a, eu-west-1a]", 11, "cluster.network.zones: a zone stands twice"),
    (
        "zone_count: 3",
        "zones: [eu-west-1a, us-east-1b]",
        11,
        'cluster.network.zones.1: "us-east-1b" is not in eu-west-1',
    ),
    (
        "zone_count: 3",
        "zones: [eu-west-1a, eu-west-1]",
        11,
        'cluster.network.zones.1: "eu-west-1" is not an availability zone (such as eu-west-1a)',
    ),
    (
        "zone_count: 3",
        "control_plane_zones: [eu-west-1a, eu-west-1f]",
        11,
        'cluster.network.control_plane_zones.1: "eu-west-1f" is not a zone of the network (eu-west-1a, eu-west-1b, eu-west-1c)',
    ),
    (
        "zone_count: 3",
        "control_plane_zones: [eu-west-1a]",
        11,
        "cluster.network.control_plane_zones: EKS needs two zones",
    ),
    (
        "cidr: 10.1.0.0/16",
        "cidr: 10.1.0.1/16",
        9,
        'cluster.network.cidr: "10.1.0.1/16" is not the first address of its network (try 10.1.0.0/16)',
    ),
    (
        "cidr: 10.1.0.0/16",
        "cidr: 52.1.0.0/16",
        9,
        'cluster.network.cidr: "52.1.0.0/16" is not private: use a part of 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10',
    ),
    (
        "cidr: 10.1.0.0/16",
        "cidr: 10.0.0.0/8",
        9,
        'cluster.network.cidr: "10.0.0.0/8": a VPC has /16 at most, and the plan needs /22 at least',
    ),
    (
        "cidr: 10.1.0.0/16",
        "cidr: 10.1.0.0/24",
        9,
        'cluster.network.cidr: "10.1.0.0/24": a VPC has /16 at most, and the plan needs /22 at least',
    ),
    ("cidr: 10.1.0.0/16", "cidr: fd00::/64", 9, 'cluster.network.cidr: "fd00::/64" is not an IPv4 network'),
    (
        "cidr: 10.1.0.0/16",
        "cidr: 10.1.0.0/21",
        9,
        'cluster.network.cidr: "10.1.0.0/21" gives a zone 251 addresses in its private subnet; with all node groups at max_instances eu-west-1a needs 787',
    ),
    (
        "service_cidr: 172.20.0.0/16",
        "service_cidr: 172.20.0.0/28",
        10,
        'cluster.network.service_cidr: "172.20.0.0/28": the network of Services is between /24 and /12',
    ),
    (
        "nat: single",
        "nat: double",
        12,
        'cluster.network.nat: "double" is not known (try none or single or per_zone)',
    ),
    ("flow_logs: true", 'flow_logs: "yes"', 13, 'cluster.network.flow_logs: "yes" is not true or false'),
    ("flow_logs: true", "flow_log: true", 13, "cluster.network.flow_log: unknown key (try flow_logs)"),
]
# of a VPC that somebody else made
OF_EXISTING = [
    (
        "vpc-0123456789abcdef0",
        "vpc-main",
        14,
        'cluster.network.existing.vpc: "vpc-main" is not the id of a vpc (such as vpc-0123456789abcdef0)',
    ),
    (
        "subnet-0123456789abcdef0",
        "my-subnet",
        16,
        'cluster.network.existing.private_subnets.eu-west-1a: "my-subnet" is not the id of a subnet (such as subnet-0123456789abcdef0)',
    ),
    (
        "private_subnets: {eu-west-1a",
        "private_subnets: {eu-west-1",
        16,
        'cluster.network.existing.private_subnets.eu-west-1: "eu-west-1" is not an availability zone (such as eu-west-1a)',
    ),
    ("        cidr: 10.2.0.0/16\n", "", 13, "cluster.network.existing.cidr: is required"),
    (
        "zones: [eu-west-1a]",
        "zones: [eu-west-1c]",
        36,
        'cluster.node_groups.cpu-spot.zones: "eu-west-1c" is not a zone of the network (eu-west-1a, eu-west-1b)',
    ),
    (
        "10.2.0.0/16",
        "10.2.0.1/16",
        15,
        'cluster.network.existing.cidr: "10.2.0.1/16" is not the first address of its network (try 10.2.0.0/16)',
    ),
]
# of load balancer, logs, stores, DNS, budget
OF_WHAT_IS_AROUND = [
    ("    load_balancer:", "    loadbalancer:", 41, "cluster.loadbalancer: unknown key (try load_balancer)"),
    (
        "scheme: internet-facing",
        "scheme: public",
        42,
        'cluster.load_balancer.scheme: "public" is not known (try internet-facing or internal)',
    ),
    (
        "allow: [203.0.113.0/24]",
        "allow: [anyone]",
        43,
        'cluster.load_balancer.allow.0: "anyone" is not a network such as 10.0.0.0/16',
    ),
    (
        'tls: {certificate_arn: "arn:aws:acm:eu-west-1:111122223333:certificate/1"}',
        "tls: {}",
        44,
        "cluster.load_balancer.tls: needs `certificate_arn` or `cluster_issuer`",
    ),
    (
        'certificate_arn: "arn:aws:acm:eu-west-1:111122223333:certificate/1"',
        "certificate_arn: my-cert",
        44,
        'cluster.load_balancer.tls.certificate_arn: "my-cert" is not an ARN (arn:aws:service:region:account:resource)',
    ),
    (
        "zone_id: Z0123456789ABCDEFGHIJ",
        "zone_id: example.com",
        45,
        'cluster.load_balancer.dns.zone_id: "example.com" is not the id of a Route 53 hosted zone (such as Z0123456789ABCDEFGHIJ)',
    ),
    (
        "hostnames: [models.example.com]",
        "hostnames: [models]",
        45,
        'cluster.load_balancer.dns.hostnames.0: "models" is not a host name (such as models.example.com)',
    ),
    (
        "hostnames: [models.example.com]",
        "hostnames: []",
        45,
        "cluster.load_balancer.dns.hostnames: has 0 entries; 1 is the least",
    ),
    ("zone_id: Z0123456789ABCDEFGHIJ, ", "", 45, "cluster.load_balancer.dns.zone_id: is required"),
    (
        "retention_days: 14",
        "retention_day: 14",
        46,
        "cluster.logging.retention_day: unknown key (try retention_days)",
    ),
    (
        "old_versions_days: 30",
        "old_versions_days: 0",
        47,
        "cluster.model_store.old_versions_days: 0 is less than 1, the least allowed",
    ),
    (
        "old_versions_days: 30",
        "old_version_days: 30",
        47,
        "cluster.model_store.old_version_days: unknown key (try old_versions_days)",
    ),
    (
        "zone_ids: [Z0123456789ABCDEFGHIJ]",
        "zone_ids: [z1]",
        48,
        'cluster.external_dns.zone_ids.0: "z1" is not the id of a Route 53 hosted zone (such as Z0123456789ABCDEFGHIJ)',
    ),
    (
        "monthly_usd: 100",
        "monthly_usd: 0",
        49,
        "cluster.budget.monthly_usd: 0 is less than 1, the least allowed",
    ),
    ("monthly_usd: 100", "monthly_usd: 99.5", 49, "cluster.budget.monthly_usd: 99.5 is not a whole number"),
    ("monthly_usd: 100, ", "", 49, "cluster.budget.monthly_usd: is required"),
]
# of what only AWS has, on a cluster elsewhere
ELSEWHERE_WITH_AWS = [
    (
        "compute: {cpu: 200m}",
        "node_groups: [cpu]",
        7,
        "models.iris.node_groups: the cluster is not of `kind: eks`, and has none",
    ),
    (
        "compute: {cpu: 200m}",
        'aws: {read: ["s3://models/iris/"]}',
        7,
        "models.iris.aws: the cluster is not of `kind: eks`, and gives no roles",
    ),
]

WRONG = [
    *((GOOD, *row) for rows in (OF_CLUSTER, OF_NETWORK, OF_WHAT_IS_AROUND) for row in rows),
    *((EXISTING, *row) for row in OF_EXISTING),
    *((ELSEWHERE, *row) for row in ELSEWHERE_WITH_AWS),
]


@pytest.mark.parametrize("text", [GOOD, EXISTING])
def test_the_files_that_the_wrong_ones_are_made_of_are_right(stack_file: Path, text: str) -> None:
    stack_file.write_text(text)

    assert isinstance(load_file("test").cluster, EksCluster)


@pytest.mark.parametrize(("text", "old", "new", "line", "message"), WRONG, ids=[row[2] for row in WRONG])
def test_a_wrong_edit_is_one_line(
    stack_file: Path, text: str, old: str, new: str, line: int, message: str
) -> None:
    assert old in text

    assert lines(stack_file, text.replace(old, new, 1)) == [f"stacks/Pulumi.test.yaml:{line}: axon:{message}"]


def test_errors_of_every_part_come_at_once_in_the_order_of_the_file(stack_file: Path) -> None:
    text = GOOD.replace("region: eu-west-1\n", "region: ireland\n").replace("size: 100", "size: 5")
    text = text.replace("scheme: internet-facing", "scheme: public").replace("cpu: 500m", "cpu: lots")

    found = lines(stack_file, text)

    assert [line.split(":")[1] for line in found] == ["6", "35", "42", "55"]
