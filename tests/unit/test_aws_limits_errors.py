"""Limits and names of AWS, refused where they are written: one line that says what would be right."""

from pathlib import Path

import pytest

from stacks.settings import load_file
from stacks.settings.aws.network import NEEDED_WITHOUT_NAT
from tests.unit.aws_stack_file import EXISTING, GOOD
from tests.unit.refusals import lines

NETWORK, BALANCER, NODES = "network", "load_balancer", "node_groups.cpu-spot"
ALLOW, TAINTS = "allow: [203.0.113.0/24]", "taints: [{key: team, value: vision, effect: NoSchedule}]"
LABELS, DISK = "labels: {team: vision}", "disk: {size: 100, type: gp3, iops: 3000}"
MANY = ", ".join(f"198.51.100.{host}/32" for host in range(31))
CERTIFICATE = 'certificate_arn: "arn:aws:acm:eu-west-1:111122223333:certificate/1"'
_SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache"
SECRETS = f"docker_hub: '{_SECRET}/hub-1a2b3c', github: '{_SECRET}/ghcr-1a2b3c'"
POLICY = "arn:aws:iam::111122223333:policy/read"

# what is replaced, by what, the line it stands on, and the rest of the message below `axon:cluster.`
WRONG = [
    ('version: "1.36"', "version: 1.36", 7, 'version: 1.36 is a number (try "1.36", in quotes)'),
    (
        'account: "111122223333"',
        "account: 111122223333",
        5,
        'account: 111122223333 is a number (try "111122223333", in quotes)',
    ),
    (
        "region: eu-west-1\n",
        "region: cn-north-1\n",
        6,
        'region: "cn-north-1" is in a partition of AWS that axon does not serve, whose names differ',
    ),
    (
        'version: "1.36"',
        "addons: {coredns: newest}",
        7,
        'addons.coredns: "newest" is not the version of an EKS add-on (such as v1.22.4-eksbuild.3)',
    ),
    (
        "cidr: 10.1.0.0/16",
        "cidr: 10.1.0.0",
        9,
        f'{NETWORK}.cidr: "10.1.0.0" has no length (such as 10.1.0.0/24)',
    ),
    (
        "flow_logs: true",
        "interface_endpoints: [sts, sts]",
        13,
        f'{NETWORK}.interface_endpoints: "sts" stands twice',
    ),
    (
        "flow_logs: true",
        "interface_endpoints: [s3]",
        13,
        f"{NETWORK}.interface_endpoints: S3 is always reached inside the VPC: leave it out",
    ),
    (
        "public_cidrs: [203.0.113.0/24]",
        "public_cidrs: [10.0.0.0/8]",
        15,
        'endpoint.public_cidrs: "10.0.0.0/8" is private: what is inside the VPC needs no entry',
    ),
    (
        "public_cidrs: [203.0.113.0/24]",
        "public_cidrs: [203.0.113.0/24]\n      anywhere: true",
        14,
        "endpoint: has both public_cidrs and anywhere: keep one",
    ),
    (
        "arn:aws:iam::111122223333:role/team",
        "arn:aws:s3:::bucket",
        18,
        'access.team.principal_arn: "arn:aws:s3:::bucket" is not the ARN of an IAM role or user',
    ),
    (
        ALLOW,
        f"allow: [{MANY}]",
        43,
        f"{BALANCER}.allow: 31 networks: a security group takes 30 (30 with TLS, 60 without)",
    ),
    (
        ALLOW,
        "allow: [203.0.113.0/24, 203.0.113.0/24]",
        43,
        f'{BALANCER}.allow: "203.0.113.0/24" stands twice',
    ),
    (
        "arn:aws:acm:eu-west-1",
        "arn:aws:acm:us-east-1",
        44,
        f"{BALANCER}.tls.certificate_arn: is not a certificate of ACM in eu-west-1",
    ),
    (
        CERTIFICATE,
        f"{CERTIFICATE}, cluster_issuer: letsencrypt",
        44,
        f"{BALANCER}.tls: has both certificate_arn and cluster_issuer: keep one",
    ),
    ("[team@example.com]", "[team]", 49, 'budget.emails.0: "team" is not an e-mail address'),
    (
        "tags: {team: vision}",
        'tags: {"axon:stack": mine}',
        50,
        'tags.axon:stack: "axon:stack": tags that begin so are set by axon',
    ),
    (
        "role: system",
        "role: system\n        taints: [{key: mine}]",
        21,
        "node_groups.system: the platform does not tolerate mine: "
        "a system group is x86, without accelerators and taints",
    ),
    (
        LABELS,
        "labels: {eks.amazonaws.com/team: vision}",
        33,
        f'{NODES}.labels: "eks.amazonaws.com/team": labels under eks.amazonaws.com are not the user\'s '
        "(try team/team)",
    ),
    (
        LABELS,
        'labels: {team: "a b"}',
        33,
        f'{NODES}.labels: "team: a b" is not a Kubernetes label (such as team/tier: batch)',
    ),
    (TAINTS, "taints: [{key: a}, {key: a}]", 34, f'{NODES}.taints: "a" stands twice'),
    (
        TAINTS,
        "taints: [{key: nvidia.com/gpu}]",
        34,
        f'{NODES}.taints: "nvidia.com/gpu" is set by axon where it applies',
    ),
    (DISK, "disk: {size: 20, iops: 16000}", 35, f"{NODES}.disk.iops: 20 GiB of gp3 have 10000 iops at most"),
    (
        DISK,
        "disk: {throughput: 1000}",
        35,
        f"{NODES}.disk.throughput: 3000 iops carry 750 MiB a second at most",
    ),
    (
        "max_unavailable: 1",
        "max_unavailable: half",
        39,
        'node_groups.gpu.max_unavailable: "half" is not a number of nodes or a percentage (try 25%)',
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "message"), WRONG, ids=[row[1][:40] for row in WRONG])
def test_a_wrong_edit_is_one_line(stack_file: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in GOOD

    found = lines(stack_file, GOOD.replace(old, new, 1))

    assert found == [f"stacks/Pulumi.test.yaml:{line}: axon:cluster.{message}"]


def test_a_model_that_asks_for_devices_that_no_node_has_hears_which_nodes_would(stack_file: Path) -> None:
    found = lines(stack_file, GOOD.replace("[g5.xlarge]", "[m7i.xlarge]"))

    assert found == [
        "stacks/Pulumi.test.yaml:66: axon:models.vision.compute.gpu: "
        "no node group has NVIDIA GPUs (such as g5.xlarge)"
    ]


def test_a_policy_that_stands_twice_is_refused(stack_file: Path) -> None:
    found = lines(stack_file, GOOD.replace(f'["{POLICY}"]', f'["{POLICY}", "{POLICY}"]'))

    assert found == [f'stacks/Pulumi.test.yaml:63: axon:models.iris.aws.policy_arns: "{POLICY}" stands twice']


@pytest.mark.parametrize(
    ("old", "new", "unknown", "known"),
    [
        ("hostnames: [", "hostname: [", "load_balancer.dns.hostname", "hostnames"),
        ("{monthly_usd: 100", "{monthly_eur: 100", "budget.monthly_eur", "monthly_usd"),
        (TAINTS, "taints: [{kye: team}]", "node_groups.cpu-spot.taints.0.kye", "key"),
    ],
)
def test_a_misspelt_key_finds_its_neighbour_wherever_it_stands(
    stack_file: Path, old: str, new: str, unknown: str, known: str
) -> None:
    found = lines(stack_file, GOOD.replace(old, new, 1))

    assert [line for line in found if line.endswith(f"axon:cluster.{unknown}: unknown key (try {known})")]


def test_a_key_of_eks_on_another_kind_of_cluster_says_so(stack_file: Path) -> None:
    found = lines(stack_file, GOOD.replace("kind: eks", "kind: existing"))

    assert "stacks/Pulumi.test.yaml:6: axon:cluster.region: is a key of `kind: eks`" in found


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "cidr: 10.2.0.0/16",
            "cidr: 10.0.0.0/8",
            '15: axon:cluster.network.existing.cidr: "10.0.0.0/8": a VPC is between /28 and /16',
        ),
        (
            "public_subnets: {eu-west-1a",
            "public_subnets: {eu-west-2a",
            "17: axon:cluster.network.existing.public_subnets.eu-west-2a: is not in eu-west-1",
        ),
    ],
)
def test_a_vpc_that_is_there_has_to_fit(stack_file: Path, old: str, new: str, message: str) -> None:
    assert lines(stack_file, EXISTING.replace(old, new, 1)) == [f"stacks/Pulumi.test.yaml:{message}"]


def test_without_a_way_out_the_platform_has_a_mirror(stack_file: Path) -> None:
    endpoints = f"interface_endpoints: [{', '.join(NEEDED_WITHOUT_NAT)}]"
    text = GOOD.replace("nat: single", "nat: none").replace("flow_logs: true", endpoints)

    (line,) = lines(stack_file, text)
    assert line.startswith(
        "stacks/Pulumi.test.yaml:12: axon:cluster.network.nat: with `nat: none` nodes pull"
    )
    assert "set `image_cache`, or `axon:images.mirror`" in line

    stack_file.write_text(text + "  axon:images: {mirror: mirror.example/copies}\n")
    assert load_file("test").images.mirror == "mirror.example/copies"


def test_a_cache_is_no_way_to_the_images_that_it_cannot_have(stack_file: Path) -> None:
    endpoints = f"interface_endpoints: [{', '.join(NEEDED_WITHOUT_NAT)}]\n    image_cache: {{{SECRETS}}}"
    text = GOOD.replace("nat: single", "nat: none").replace("      flow_logs: true", f"      {endpoints}")

    (line,) = lines(stack_file, text)
    assert "nodes with GPUs need `axon:images.mirror`" in line

    stack_file.write_text(text.replace("[g5.xlarge]", "[g5.xlarge]\n        image: bottlerocket"))
    images = load_file("test").images
    assert images.mirrored("docker.io/a/b:1") == f"{images.registry}/hub/a/b:1"


def test_a_cache_wants_secrets_that_ecr_may_read(stack_file: Path) -> None:
    wrong = SECRETS.replace("ecr-pullthroughcache/ghcr", "ghcr")

    (line,) = lines(stack_file, GOOD.replace("    tags:", f"    image_cache: {{{wrong}}}\n    tags:"))
    assert "is not the ARN of a secret whose name starts with ecr-pullthroughcache/" in line


OPEN = "      allow: [203.0.113.0/24]\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (OPEN, "", "faces the internet: name the clients' networks in `allow`, or say `anywhere: true`"),
        ("tls: {certificate_arn", "# {", "faces the internet: set `tls`, or say `plain_http: true`"),
        ("allow: [203.0.113.0/24]", "allow: [0.0.0.0/0]", "say `anywhere: true` if that is meant"),
        (OPEN, OPEN + "      anywhere: true\n", "has both allow and anywhere: keep one"),
    ],
)
def test_a_load_balancer_is_open_only_where_the_stack_file_says_so(
    stack_file: Path, old: str, new: str, message: str
) -> None:
    (line,) = lines(stack_file, GOOD.replace(old, new))

    assert "cluster.load_balancer" in line
    assert message in line


def test_a_load_balancer_that_nobody_asked_for_is_not_open_either(stack_file: Path) -> None:
    start, end = GOOD.index("    load_balancer:"), GOOD.index("    logging:")

    (line,) = lines(stack_file, GOOD[:start] + GOOD[end:])

    assert "cluster.load_balancer: faces the internet" in line


def test_models_that_the_whole_internet_may_ask_say_whom_they_let_in(stack_file: Path) -> None:
    text = GOOD.replace(OPEN, "      anywhere: true\n")

    found = lines(stack_file, text)

    assert len(found) == 2
    for line, model in zip(found, ("iris", "vision"), strict=True):
        assert f"axon:models.{model}.networking.auth: is unset, and with `load_balancer.anywhere`" in line
    said = text.replace("    iris:\n", "    iris:\n      networking: {auth: none}\n")
    limited = said + "      networking: {allow: [203.0.113.0/24]}\n"
    stack_file.write_text(limited)
    assert load_file("test").models["iris"].networking.auth is not None
