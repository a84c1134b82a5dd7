"""What a node has for pods: AWS' facts, the kubelet's share, and how many replicas fit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.settings.aws.instances import DAEMONS_CPU, DAEMONS_MEMORY, instance_type, instance_types
from stacks.settings.compute import Compute
from stacks.settings.eks_checks import replicas_per_node
from tests.unit.on_aws import group

MIB = 2**20
LARGE = ["m7i.large", "m7i.xlarge", "m7i.2xlarge", "c6i.8xlarge", "r6i.xlarge", "g6.xlarge"]
cores = st.integers(20, 8000)
mebibytes = st.integers(20, 2**15)


# What Amazon's images leave to pods, as `kubectl describe node` shows it.
@pytest.mark.parametrize(
    ("name", "millicores"),
    [
        ("m5.large", 1930),
        ("m5.xlarge", 3920),
        ("m5.2xlarge", 7910),
        ("m5.4xlarge", 15890),
        ("c5.18xlarge", 71750),
    ],
)
def test_the_kubelet_leaves_the_cpu_that_nodes_report(name: str, millicores: int) -> None:
    assert instance_type(name).allocatable_cpu + DAEMONS_CPU == Decimal(millicores) / 1000


# 255Mi, 11Mi a pod, and the 100Mi below which it evicts.
@pytest.mark.parametrize(("name", "kept"), [("m5.large", 1565), ("t3.nano", 729), ("c5.18xlarge", 3105)])
def test_the_kubelet_keeps_memory_for_each_pod(name: str, kept: int) -> None:
    kind = instance_type(name)

    assert int(kind.memory * 0.97) - kind.allocatable_memory - DAEMONS_MEMORY == kept * MIB


@pytest.mark.parametrize(
    ("name", "pods"),
    [
        ("t3.nano", 34),  # 2 interfaces of 2 addresses: (2 * (2 - 1)) * 16 + 2
        ("t3.medium", 110),
        ("m5.large", 110),
        ("m5.4xlarge", 110),  # 16 vCPU
        ("c6i.8xlarge", 250),  # 32 vCPU
        ("c5.18xlarge", 250),
    ],
)
def test_prefixes_give_a_node_as_many_pods_as_aws_recommends(name: str, pods: int) -> None:
    assert instance_type(name).pods == pods


# https://docs.aws.amazon.com/ec2/latest/instancetypes/
@pytest.mark.parametrize(
    ("name", "vcpu", "gib", "gpus", "neuron_devices"),
    [
        ("t3.large", 2, 8, 0, 0),
        ("m7i.large", 2, 8, 0, 0),
        ("c5.18xlarge", 72, 144, 0, 0),
        ("g4dn.xlarge", 4, 16, 1, 0),
        ("g5.12xlarge", 48, 192, 4, 0),
        ("p4d.24xlarge", 96, 1152, 8, 0),
        ("p5.48xlarge", 192, 2048, 8, 0),
        ("inf2.xlarge", 4, 16, 0, 1),
        ("inf2.48xlarge", 192, 768, 0, 12),
        ("trn1.32xlarge", 128, 512, 0, 16),
        ("trn2u.48xlarge", 192, 2048, 0, 16),
        ("g6f.large", 2, 8, 1, 0),  # an eighth of a GPU is a device
        ("gr6f.4xlarge", 16, 128, 1, 0),
    ],
)
def test_the_table_has_what_aws_publishes(
    name: str, vcpu: int, gib: int, gpus: int, neuron_devices: int
) -> None:
    kind = instance_type(name)

    assert (kind.vcpu, kind.memory // 2**30, kind.gpus, kind.neuron_devices) == (
        vcpu,
        gib,
        gpus,
        neuron_devices,
    )


@pytest.mark.parametrize(("name", "arm"), [("m7g.large", True), ("g5g.xlarge", True), ("m7i.large", False)])
def test_graviton_is_arm(name: str, arm: bool) -> None:
    assert (instance_type(name).architecture == "arm64") is arm


def test_every_type_is_whole() -> None:
    assert len(instance_types()) > 1000
    for name, kind in instance_types().items():
        assert kind.name == name
        assert min(kind.vcpu, kind.memory, kind.interfaces, kind.addresses - 1) > 0, name
        assert kind.gpus >= 0 <= kind.neuron_devices, name
        assert not (kind.gpus and kind.neuron_devices), name
        assert 4 <= kind.pods <= 250, name
        assert kind.subnet_addresses > kind.pods, name


def test_every_type_of_an_accelerated_family_has_devices() -> None:
    for name, kind in instance_types().items():
        family = name.split(".")[0]
        if family.startswith(("inf", "trn")):
            assert kind.neuron_devices, name
        elif family.startswith(("g", "p")) and family != "g4ad":  # whose GPUs are AMD's
            assert kind.gpus, name


def test_every_type_that_is_not_tiny_has_room_for_a_model() -> None:
    tiny = {name for name in instance_types() if name.endswith((".nano", ".micro", ".small", ".medium"))}
    for name in instance_types().keys() - tiny:
        assert replicas_per_node(group(name) if not name.startswith("inf1.") else group(), Compute()) > 0, (
            name
        )


def test_a_tiny_node_holds_nothing_rather_than_less_than_nothing() -> None:
    assert replicas_per_node(group("t3.nano"), Compute()) == 0


def test_a_replica_with_a_gpu_has_it_to_itself() -> None:
    four = group("g5.12xlarge")

    assert [replicas_per_node(four, Compute(gpu=count)) for count in (1, 2, 3, 4, 5)] == [4, 2, 1, 1, 0]


@given(st.sampled_from(LARGE), cores, cores, mebibytes, mebibytes)
def test_replicas_that_ask_for_more_are_never_more(name: str, a: int, b: int, c: int, d: int) -> None:
    small = Compute(cpu=f"{min(a, b)}m", mem=f"{min(c, d)}Mi")
    large = Compute(cpu=f"{max(a, b)}m", mem=f"{max(c, d)}Mi")

    assert replicas_per_node(group(name), small) >= replicas_per_node(group(name), large)


@given(st.sampled_from(LARGE), cores, mebibytes)
def test_replicas_that_fit_are_within_what_a_node_has(name: str, millicores: int, mem: int) -> None:
    compute = Compute(cpu=f"{millicores}m", mem=f"{mem}Mi")
    count, kind = replicas_per_node(group(name), compute), instance_type(name)

    assert count * millicores <= kind.allocatable_cpu * 1000
    assert count * mem * MIB <= kind.allocatable_memory
    assert count <= kind.pods


@given(cores, mebibytes)
def test_a_larger_node_holds_no_fewer(millicores: int, mem: int) -> None:
    compute = Compute(cpu=f"{millicores}m", mem=f"{mem}Mi")
    counts = [replicas_per_node(group(name), compute) for name in LARGE[:3]]

    assert counts == sorted(counts)


def test_mixed_types_count_as_the_least_of_them() -> None:
    # m5a.large and m7i.large differ in nothing that a pod can ask for.
    mixed, alone = group("m7i.large", "m5a.large"), group("m7i.large")

    assert replicas_per_node(mixed, Compute()) <= replicas_per_node(alone, Compute())
