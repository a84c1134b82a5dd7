"""Wrong node groups, and models that do not fit on them: one line an error."""
# ruff: noqa: E501 (a message is one line here too)

from pathlib import Path

import pytest

from stacks.settings import load_file
from tests.unit.aws_stack_file import GOOD
from tests.unit.refusals import lines

# what is replaced, by what, the line it stands on, and the rest of the message:
# of node groups
OF_NODES = [
    ("role: system", "role: sytem", 22, 'cluster.node_groups.system.role: "sytem" is not known (try system)'),
    (
        "instance_types: [m7i.large]",
        "instance_types: [m7i.lrage]",
        23,
        'cluster.node_groups.system.instance_types.0: "m7i.lrage" is not a known instance type (try m7i.large)',
    ),
    (
        "instance_types: [m7i.large]",
        "instance_types: []",
        23,
        "cluster.node_groups.system.instance_types: has 0 entries; 1 is the least",
    ),
    (
        "instance_types: [g5.xlarge]",
        "instance_types: [inf1.xlarge]",
        37,
        'cluster.node_groups.gpu.instance_types.0: "inf1.xlarge": EKS\' Neuron images no longer run Inferentia 1 (try inf2.xlarge)',
    ),
    (
        "[m7i.large, m6i.large]",
        "[m7i.large, m7g.large]",
        26,
        "cluster.node_groups.cpu-spot: m7i.large and m7g.large differ in architecture: the node autoscaler takes the nodes of a group for equal (make two groups)",
    ),
    (
        "[m7i.large, m6i.large]",
        "[m7i.large, m7i.xlarge]",
        26,
        "cluster.node_groups.cpu-spot: m7i.large and m7i.xlarge differ in vcpu: the node autoscaler takes the nodes of a group for equal (make two groups)",
    ),
    (
        "[m7i.large, m6i.large]",
        "[m7i.large, c7i.large]",
        26,
        "cluster.node_groups.cpu-spot: m7i.large and c7i.large differ in memory: the node autoscaler takes the nodes of a group for equal (make two groups)",
    ),
    (
        "min_instances: 2",
        "min_instances: 4",
        21,
        "cluster.node_groups.system: min_instances is 4, more than max_instances, 3",
    ),
    (
        "min_instances: 0",
        "min_instance: 0",
        30,
        "cluster.node_groups.cpu-spot.min_instance: unknown key (try min_instances)",
    ),
    (
        "max_instances: 4",
        "max_instances: 1001",
        31,
        "cluster.node_groups.cpu-spot.max_instances: 1001 is more than 450, the most allowed",
    ),
    (
        "max_instances: 4",
        "max_instances: 400",
        9,
        'cluster.network.cidr: "10.1.0.0/16" gives a zone 8187 addresses in its private subnet; with all node groups at max_instances eu-west-1a needs 52663',
    ),
    (
        "priority: 10",
        "priority: 101",
        29,
        "cluster.node_groups.cpu-spot.priority: 101 is more than 100, the most allowed",
    ),
    ("spot: true", 'spot: "true"', 28, 'cluster.node_groups.cpu-spot.spot: "true" is not true or false'),
    (
        "zones: [eu-west-1a]",
        "zones: [eu-west-1d]",
        32,
        'cluster.node_groups.cpu-spot.zones: "eu-west-1d" is not a zone of the network (eu-west-1a, eu-west-1b, eu-west-1c)',
    ),
    (
        "zones: [eu-west-1a]",
        "subnet: public",
        32,
        "cluster.node_groups.cpu-spot.subnet: unknown key (try subnets)",
    ),
    (
        "labels: {team: vision}",
        "labels: {team: 1}",
        33,
        'cluster.node_groups.cpu-spot.labels.team: 1 is a number (try "1", in quotes)',
    ),
    (
        "effect: NoSchedule",
        "effect: NoShedule",
        34,
        'cluster.node_groups.cpu-spot.taints.0.effect: "NoShedule" is not known (try NoSchedule)',
    ),
    ("key: team, ", "", 34, "cluster.node_groups.cpu-spot.taints.0.key: is required"),
    (
        "size: 100, type: gp3, iops: 3000",
        "size: 100, type: gp3, iops: 1000",
        35,
        "cluster.node_groups.cpu-spot.disk: a gp3 disk has 3000 to 80000 iops",
    ),
    (
        "type: gp3, iops: 3000",
        "type: io2, throughput: 250",
        35,
        "cluster.node_groups.cpu-spot.disk: throughput is a setting of gp3; io2 follows its iops",
    ),
    (
        "size: 100",
        "size: 5",
        35,
        "cluster.node_groups.cpu-spot.disk.size: 5 is less than 20, the least allowed",
    ),
    ("size: 100", "sizes: 100", 35, "cluster.node_groups.cpu-spot.disk.sizes: unknown key (try size)"),
    ("type: gp3", "type: gp2", 35, 'cluster.node_groups.cpu-spot.disk.type: "gp2" is not known (try gp3)'),
    (
        "max_unavailable: 1",
        "max_unavailable: 0",
        39,
        "cluster.node_groups.gpu.max_unavailable: 0 would keep nodes from ever being updated (try 1)",
    ),
    (
        "      cpu-spot:\n",
        "      CPU_spot:\n",
        26,
        'cluster.node_groups.CPU_spot: "CPU_spot" cannot be a name: at most 50 lower-case letters, digits and hyphens, a letter first (try cpu-spot)',
    ),
]
# of models, and the nodes that they would run on
OF_MODELS = [
    (
        "node_groups: [cpu-spot]",
        "node_groups: [cpu-spt]",
        60,
        'models.iris.node_groups.0: "cpu-spt" is not a node group (try cpu-spot)',
    ),
    (
        "node_groups: [cpu-spot]",
        "node_groups: cpu-spot",
        60,
        'models.iris.node_groups: "cpu-spot" is not a list',
    ),
    (
        "node_groups: [cpu-spot]",
        "node_groups: []",
        52,
        "models.iris: no node group takes it: all have taints (name one in node_groups)",
    ),
    (
        "cpu: 500m",
        "cpu: 4",
        54,
        "models.iris.compute: 4 cpu and 1Gi fit on no node (cpu-spot: 1.63 cpu, 5.8Gi allocatable)",
    ),
    (
        "mem: 1Gi",
        "mem: 64Gi",
        54,
        "models.iris.compute: 500m cpu and 64Gi fit on no node (cpu-spot: 1.63 cpu, 5.8Gi allocatable)",
    ),
    ("gpu: 1", "gpu: 4", 66, "models.vision.compute.gpu: 4: a node of any node group has 1 at most"),
    (
        "gpu: 1",
        "gpu: 1, mem: 32Gi",
        66,
        "models.vision.compute: 200m cpu and 32Gi with 1 gpu fit on no node (gpu: 3.62 cpu, 13.6Gi, 1 gpu allocatable)",
    ),
    (
        "gpu: 1",
        "gpu: 1, neuron: 1",
        66,
        "models.vision.compute: no instance has both GPUs and Neuron devices",
    ),
    ("gpu: 1", "gpus: 1", 66, "models.vision.compute.gpus: unknown key (try gpu)"),
    (
        "max_replicas: 8",
        "max_replicas: 50",
        59,
        "models.iris.autoscaling.max_replicas: 50 replicas do not fit: cpu-spot (3 a node) at max_instances hold 12",
    ),
    (
        "min_replicas: 1\n        max_replicas: 8",
        "min_replicas: 40",
        58,
        "models.iris.autoscaling.min_replicas: 40 replicas do not fit: cpu-spot (3 a node) at max_instances hold 12",
    ),
    (
        "max_instances: 2\n        max_unavailable: 1",
        "max_instances: 1",
        63,
        "models.vision.update_strategy.max_surge: an update of 1 would have 2 replicas at once, and gpu at max_instances holds 1 (allow another node, or set max_surge: 0 and max_unavailable: 1)",
    ),
    (
        "min_replicas: 1\n        max_replicas: 8",
        "min_replicas: 10",
        52,
        "models.iris.update_strategy.max_surge: an update of 10 would have 13 replicas at once, and cpu-spot at max_instances holds 12 (allow another node, or set max_surge: 0 and max_unavailable: 1)",
    ),
    (
        "s3://models/iris/",
        "s3://Models/iris",
        62,
        'models.iris.aws.read.0: "s3://Models/iris" is not a place in S3 (such as s3://bucket/models/iris/)',
    ),
    (
        "s3://models/iris/",
        "models/iris",
        62,
        'models.iris.aws.read.0: "models/iris" is not a place in S3 (such as s3://bucket/models/iris/)',
    ),
    (
        "s3://models/iris/",
        "s3://models/*",
        62,
        'models.iris.aws.read.0: "s3://models/*" is not a place in S3 (such as s3://bucket/models/iris/)',
    ),
    ("read: [", "reads: [", 62, "models.iris.aws.reads: unknown key (try read)"),
    (
        '"arn:aws:iam::111122223333:policy/read"',
        "AmazonS3ReadOnlyAccess",
        63,
        'models.iris.aws.policy_arns.0: "AmazonS3ReadOnlyAccess" is not an ARN (arn:aws:service:region:account:resource)',
    ),
]

WRONG = [(GOOD, *row) for rows in (OF_NODES, OF_MODELS) for row in rows]


@pytest.mark.parametrize(("text", "old", "new", "line", "message"), WRONG, ids=[row[2] for row in WRONG])
def test_a_wrong_edit_is_one_line(
    stack_file: Path, text: str, old: str, new: str, line: int, message: str
) -> None:
    assert old in text

    assert lines(stack_file, text.replace(old, new, 1)) == [f"stacks/Pulumi.test.yaml:{line}: axon:{message}"]


def test_what_models_want_of_the_nodes_is_checked_for_each(stack_file: Path) -> None:
    found = lines(stack_file, GOOD.replace("cpu: 500m", "cpu: 4").replace("gpu: 1", "gpu: 4"))

    assert [line.split(": ")[1].split(".")[1] for line in found] == ["iris", "vision"]


def test_scarce_devices_are_updated_without_a_surge(stack_file: Path) -> None:
    one_gpu = GOOD.replace("max_instances: 2\n        max_unavailable: 1", "max_instances: 1")
    without_surge = "compute: {gpu: 1}\n      update_strategy: {max_surge: 0, max_unavailable: 1}"
    stack_file.write_text(one_gpu.replace("compute: {gpu: 1}", without_surge))

    assert load_file("test").models["vision"].update_strategy.surge(1) == 0
