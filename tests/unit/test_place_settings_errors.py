"""A stack file that asks of a region what this does not have: a line an error, before anything is made."""
# ruff: noqa: E501 (a message is one line here too)

from pathlib import Path

import pytest

from stacks.settings import load_file
from stacks.settings.aws.eks import EksCluster
from tests.unit.aws_stack_file import EXISTING, GOOD
from tests.unit.on_aws import cluster
from tests.unit.refusals import lines

ELSEWHERE = GOOD.replace("      flow_logs: true\n", "").replace("        zones: [eu-west-1a]\n", "")
IN_VIRGINIA = ELSEWHERE.replace("eu-west-1", "us-east-1")
IN_CALIFORNIA = ELSEWHERE.replace("eu-west-1", "us-west-1").replace("g5.xlarge", "g4dn.xlarge")

WRONG = [
    (
        GOOD,
        "eu-west-1\n",
        "eu-west-9\n",
        6,
        'cluster.region: "eu-west-9" is not a region of AWS with EKS (try eu-west-3)',
    ),
    (
        IN_VIRGINIA,
        "zone_count: 3",
        "zones: [us-east-1a, us-east-1e]",
        11,
        'cluster.network.zones.1: "us-east-1e" has no EKS: name another zone of us-east-1',
    ),
    (
        GOOD,
        "zone_count: 3",
        "zones: [eu-west-1a, eu-west-1d]",
        11,
        'cluster.network.zones.1: "eu-west-1d" is not one of eu-west-1a, eu-west-1b, eu-west-1c (if your account has it: add its letter in stacks/settings/aws/zones.csv)',
    ),
    (
        IN_CALIFORNIA,
        "zone_count: 3",
        "zone_count: 3 ",
        11,
        "cluster.network.zone_count: 3 zones: us-west-1 has us-west-1a, us-west-1b",
    ),
    (
        EXISTING.replace("eu-west-1", "us-east-1").replace("        zones: [us-east-1a]\n", ""),
        "private_subnets: {us-east-1a",
        "private_subnets: {us-east-1e",
        16,
        'cluster.network.existing.private_subnets.us-east-1e: "us-east-1e" has no EKS: name another zone of us-east-1',
    ),
    (
        GOOD,
        "instance_types: [g5.xlarge]",
        "instance_types: [g6.xlarge]",
        37,
        'cluster.node_groups.gpu.instance_types.0: "g6.xlarge" is not sold in eu-west-1 (try g4dn.xlarge, g5.xlarge)',
    ),
    (
        GOOD,
        "instance_types: [g5.xlarge]",
        "instance_types: [p4d.24xlarge]",
        37,
        "cluster.node_groups.gpu.instance_types: p4d.24xlarge: not sold in eu-west-1a, eu-west-1b (set zones: [eu-west-1c])",
    ),
    (
        GOOD,
        '"arn:aws:iam::111122223333:policy/read"',
        '"arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicyV2"',
        63,
        'models.iris.aws.policy_arns.0: "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicyV2" is not among AWS\' own policies in managed_policies.txt (try arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicyV2)',
    ),
    (
        GOOD,
        '"arn:aws:iam::111122223333:policy/read"',
        '"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAcces"',
        63,
        'models.iris.aws.policy_arns.0: "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAcces" is not among AWS\' own policies in managed_policies.txt (try arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess)',
    ),
]


@pytest.mark.parametrize(("text", "old", "new", "line", "message"), WRONG, ids=[row[2] for row in WRONG])
def test_what_a_region_does_not_have_is_refused(
    stack_file: Path, text: str, old: str, new: str, line: int, message: str
) -> None:
    assert old in text

    assert lines(stack_file, text.replace(old, new, 1)) == [f"stacks/Pulumi.test.yaml:{line}: axon:{message}"]


@pytest.mark.parametrize(
    "text",
    [
        IN_VIRGINIA,
        IN_CALIFORNIA.replace("      zone_count: 3\n", ""),
        # where moto has no offers nothing can be said of them
        ELSEWHERE.replace("eu-west-1", "mx-central-1"),
        # one type of a spot group in a zone is enough
        GOOD.replace("[m7i.large, m6i.large]", "[m8idb.large, m6i.large]").replace(
            "zones: [eu-west-1a]", "zones: [eu-west-1a, eu-west-1b]"
        ),
    ],
)
def test_what_it_has_is_taken(stack_file: Path, text: str) -> None:
    stack_file.write_text(text)

    assert isinstance(load_file("test").cluster, EksCluster)


@pytest.mark.parametrize(
    ("region", "zones"),
    [
        ("eu-west-1", "abc"),
        ("ap-northeast-1", "acd"),
        ("ca-central-1", "abd"),
        ("us-west-1", "ab"),
    ],
)
def test_zones_that_are_not_named_are_those_that_there_are(region: str, zones: str) -> None:
    assert cluster(region=region).network.zone_names(region) == [f"{region}{letter}" for letter in zones]


def test_all_zones_that_have_eks_can_be_used(stack_file: Path) -> None:
    stack_file.write_text(IN_VIRGINIA.replace("zone_count: 3", "zone_count: 5"))
    found = load_file("test").cluster
    assert isinstance(found, EksCluster)

    assert "".join(zone[-1] for zone in found.network.zone_names("us-east-1")) == "abcdf"
