"""The nodes that an entry of `node_groups` becomes."""

from collections.abc import Callable
from typing import Any

import pulumi_aws as aws
import pytest

from components.cluster import aws_tags
from components.network import Network
from components.node_group import NodeGroup, hints
from stacks.settings.aws.ami_types import ami_type
from tests.unit.conftest import Recorder
from tests.unit.on_aws import CPU, EXISTING, cluster, group

NODES, TEMPLATE = "aws:eks/nodeGroup:NodeGroup", "aws:ec2/launchTemplate:LaunchTemplate"
TAG = "aws:autoscaling/tag:Tag"
HINT = "k8s.io/cluster-autoscaler/node-template"
Deploy = Callable[[Callable[[], Any]], Recorder]


def made(deploy: Deploy, name: str = "cpu", /, **changes: Any) -> Recorder:
    """A node group with changes, in a VPC that is there already."""
    settings = cluster({name: {**CPU, **changes}}, network={"existing": EXISTING}, tags={"team": "vision"})

    def program() -> None:
        network = Network("network", settings)
        before = aws.eks.Addon("before", cluster_name=settings.name, addon_name="vpc-cni")
        NodeGroup(
            name,
            settings.node_groups[name],
            settings,
            cluster_name=settings.name,
            network=network,
            role_arn="arn:aws:iam::111122223333:role/nodes",
            tags=aws_tags("test", settings),
            after=[before],
        )

    return deploy(program)


@pytest.fixture(scope="module")
def cpu(deploy: Deploy) -> Recorder:
    return made(deploy)


def test_pods_cannot_take_the_role_of_their_node(cpu: Recorder) -> None:
    metadata = cpu.one(TEMPLATE)["metadataOptions"]

    assert (metadata["httpTokens"], metadata["httpPutResponseHopLimit"]) == ("required", 1)


def test_disks_are_encrypted_and_go_with_their_node(deploy: Deploy) -> None:
    disk = made(deploy, disk={"size": 150}).one(TEMPLATE)["blockDeviceMappings"][0]["ebs"]

    assert (disk["volumeSize"], disk["volumeType"], disk["throughput"]) == (150, "gp3", 125)
    assert (disk["encrypted"], disk["deleteOnTermination"]) == ("true", "true")


def test_an_io2_disk_is_given_no_throughput(deploy: Deploy) -> None:
    recorder = made(deploy, disk={"size": 100, "type": "io2", "iops": 5000})

    disk = recorder.one(TEMPLATE)["blockDeviceMappings"][0]["ebs"]
    assert (disk["volumeType"], disk["iops"]) == ("io2", 5000)
    assert "throughput" not in disk


def test_bottlerocket_keeps_images_on_its_second_disk(deploy: Deploy) -> None:
    recorder = made(deploy, image="bottlerocket", disk={"size": 80})

    sizes = {d["deviceName"]: d["ebs"]["volumeSize"] for d in recorder.one(TEMPLATE)["blockDeviceMappings"]}
    assert sizes == {"/dev/xvda": 4, "/dev/xvdb": 80}


def test_what_a_node_is_made_of_carries_the_stacks_tags(cpu: Recorder) -> None:
    tagged = {row["resourceType"]: row["tags"] for row in cpu.one(TEMPLATE)["tagSpecifications"]}

    assert tagged.keys() == {"instance", "volume", "network-interface"}
    assert tagged["volume"] == {
        "Name": "lab-cpu",
        "axon:node-group": "cpu",
        "axon:cluster": "lab",
        "axon:stack": "test",  # the budget counts what carries it
        "team": "vision",
    }


def test_eks_chooses_the_image_and_the_security_group(cpu: Recorder) -> None:
    assert not {"imageId", "instanceType", "vpcSecurityGroupIds", "userData"} & cpu.one(TEMPLATE).keys()
    assert cpu.one(NODES)["version"] == "1.36"


def test_nodes_follow_the_latest_version_of_their_template(cpu: Recorder) -> None:
    assert cpu.one(NODES)["launchTemplate"] == {"id": "cpu-id", "version": "7"}


@pytest.mark.parametrize(
    ("instance_type", "al2023", "bottlerocket"),
    [
        ("m7i.large", "AL2023_x86_64_STANDARD", "BOTTLEROCKET_x86_64"),
        ("m7g.large", "AL2023_ARM_64_STANDARD", "BOTTLEROCKET_ARM_64"),
        ("g5.xlarge", "AL2023_x86_64_NVIDIA", "BOTTLEROCKET_x86_64_NVIDIA"),
        ("g5g.xlarge", "AL2023_ARM_64_NVIDIA", "BOTTLEROCKET_ARM_64_NVIDIA"),
        ("inf2.xlarge", "AL2023_x86_64_NEURON", "BOTTLEROCKET_x86_64"),
    ],
)
def test_the_image_follows_the_instance_type(instance_type: str, al2023: str, bottlerocket: str) -> None:
    assert ami_type(group(instance_type)) == al2023
    assert ami_type(group(instance_type, image="bottlerocket")) == bottlerocket


def test_the_release_of_the_image_is_the_pinned_one(deploy: Deploy, cpu: Recorder) -> None:
    kinds = {"AL2023_x86_64_STANDARD": "1.36.1-20261101", "BOTTLEROCKET_x86_64": "1.60.1-943d9a41"}

    assert release(deploy, node_releases=kinds) == "1.36.1-20261101"
    assert release(deploy, node_releases=kinds, version="1.35") is None, "it is of another Kubernetes"
    assert "releaseVersion" not in cpu.one(NODES)


def release(deploy: Deploy, **settings: Any) -> str | None:
    wanted = cluster(network={"existing": EXISTING}, **settings)

    def program() -> None:
        NodeGroup(
            "cpu",
            wanted.node_groups["cpu"],
            wanted,
            cluster_name=wanted.name,
            network=Network("network", wanted),
            role_arn="arn:aws:iam::111122223333:role/nodes",
            tags={},
            after=[],
        )

    return deploy(program).one(NODES).get("releaseVersion")


def test_a_group_that_is_replaced_can_stand_beside_the_old_one(deploy: Deploy) -> None:
    name = "a-name-of-thirty-characters-xx"
    nodes = made(deploy, name).one(NODES)

    assert nodes["nodeGroupNamePrefix"] == f"{name}-"
    assert "nodeGroupName" not in nodes
    assert len(nodes["nodeGroupNamePrefix"]) + 26 <= 63


def test_the_size_belongs_to_the_node_autoscaler(cpu: Recorder) -> None:
    assert cpu.one(NODES)["scalingConfig"] == {"minSize": 1, "maxSize": 4, "desiredSize": 1}
    assert list(cpu.options(NODES).ignoreChanges) == ["scalingConfig.desiredSize"]


def test_a_node_waits_for_the_network_of_its_pods(cpu: Recorder) -> None:
    assert any(urn.endswith("::before") for urn in cpu.options(NODES).dependencies)


def test_nodes_are_in_the_private_subnets_unless_it_is_said(deploy: Deploy, cpu: Recorder) -> None:
    public = made(deploy, subnets="public", zones=["eu-west-1b"])

    assert cpu.one(NODES)["subnetIds"] == ["subnet-0000000000000000a", "subnet-0000000000000000b"]
    assert public.one(NODES)["subnetIds"] == ["subnet-0000000000000001b"]


@pytest.mark.parametrize(("spot", "capacity"), [(True, "SPOT"), (False, "ON_DEMAND")])
def test_capacity_is_spot_when_asked_for(deploy: Deploy, spot: bool, capacity: str) -> None:
    assert made(deploy, spot=spot).one(NODES)["capacityType"] == capacity


@pytest.mark.parametrize(
    ("written", "sent"),
    [("25%", {"maxUnavailablePercentage": 25}), (1, {"maxUnavailable": 1}), ("2", {"maxUnavailable": 2})],
)
def test_a_rolling_update_replaces_as_many_nodes_as_it_says(
    deploy: Deploy, written: str | int, sent: dict[str, int]
) -> None:
    assert made(deploy, max_unavailable=written).one(NODES)["updateConfig"] == sent


def test_sick_nodes_are_replaced(cpu: Recorder) -> None:
    assert cpu.one(NODES)["nodeRepairConfig"] == {"enabled": True}


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"role": "system"}, ["CriticalAddonsOnly"]),
        ({"instance_types": ["g5.xlarge"]}, ["nvidia.com/gpu"]),
        ({"instance_types": ["inf2.xlarge"]}, ["aws.amazon.com/neuron"]),
        ({"instance_types": ["m7g.large"]}, ["axon.dev/arch"]),
        ({"instance_types": ["g5g.xlarge"]}, ["nvidia.com/gpu", "axon.dev/arch"]),
        ({}, []),
    ],
)
def test_nodes_that_not_every_pod_is_for_are_tainted(
    deploy: Deploy, changes: dict[str, Any], keys: list[str]
) -> None:
    taints = made(deploy, **changes).one(NODES).get("taints", [])

    assert [(taint["key"], taint["effect"]) for taint in taints] == [(key, "NO_SCHEDULE") for key in keys]


@pytest.mark.parametrize(
    ("kubernetes", "eks"),
    [
        ("NoSchedule", "NO_SCHEDULE"),
        ("PreferNoSchedule", "PREFER_NO_SCHEDULE"),
        ("NoExecute", "NO_EXECUTE"),
    ],
)
def test_a_taint_is_sent_in_the_words_of_eks(deploy: Deploy, kubernetes: str, eks: str) -> None:
    recorder = made(deploy, taints=[{"key": "team", "value": "vision", "effect": kubernetes}])

    assert recorder.one(NODES)["taints"] == [{"key": "team", "value": "vision", "effect": eks}]


def test_the_autoscaler_knows_a_node_that_is_not_there_yet(deploy: Deploy) -> None:
    taints = [{"key": "team", "value": "vision", "effect": "NoExecute"}]
    recorder = made(
        deploy, instance_types=["g5.12xlarge"], labels={"team": "vision"}, taints=taints, disk={"size": 150}
    )
    told = {row["tag"]["key"].removeprefix(f"{HINT}/"): row["tag"]["value"] for row in recorder.all(TAG)}

    labels = recorder.one(NODES)["labels"]
    assert labels["team"] == "vision"
    assert told == {
        **{f"label/{key}": value for key, value in labels.items()},
        "taint/nvidia.com/gpu": "true:NoSchedule",
        "taint/team": "vision:NoExecute",
        "resources/nvidia.com/gpu": "4",
        "resources/ephemeral-storage": "150Gi",
    }
    assert {row["autoscalingGroupName"] for row in recorder.all(TAG)} == {"eks-group"}


def test_neuron_devices_are_counted_as_a_resource() -> None:
    assert hints(group("inf2.48xlarge"), {})[f"{HINT}/resources/aws.amazon.com/neuron"] == "12"


def test_the_users_labels_never_replace_axons(deploy: Deploy) -> None:
    labels = made(deploy, labels={"team": "vision"}).one(NODES)["labels"]

    assert labels == {"team": "vision", "axon.dev/node-group": "cpu", "axon.dev/role": "models"}


@pytest.mark.parametrize(
    ("changes", "waits"),
    [
        ({"instance_types": ["g5.xlarge"]}, True),
        ({"instance_types": ["g6f.xlarge"], "image": "bottlerocket"}, True),
        # It would wait for GPUs for ever.
        ({"instance_types": ["trn1.2xlarge"]}, False),
        ({}, False),
    ],
)
def test_the_autoscaler_waits_for_the_gpus_of_a_new_node(
    deploy: Deploy, changes: dict[str, Any], waits: bool
) -> None:
    # GPULabel in Cluster Autoscaler's cloudprovider/aws/aws_cloud_provider.go
    label = "k8s.amazonaws.com/accelerator"
    recorder = made(deploy, **changes)
    hinted = {row["tag"]["key"].removeprefix(f"{HINT}/label/") for row in recorder.all(TAG)}

    assert (label in recorder.one(NODES)["labels"]) is waits
    assert (label in hinted) is waits


@pytest.mark.parametrize(
    ("changes", "plugin"),
    [
        ({"instance_types": ["g5.xlarge"]}, "nvidia"),
        ({"instance_types": ["g5.xlarge"], "image": "bottlerocket"}, None),
        ({"instance_types": ["trn1.2xlarge"]}, "neuron"),
        ({}, None),
    ],
)
def test_nodes_say_which_device_plugin_they_need(
    deploy: Deploy, changes: dict[str, Any], plugin: str | None
) -> None:
    assert made(deploy, **changes).one(NODES)["labels"].get("axon.dev/device-plugin") == plugin
