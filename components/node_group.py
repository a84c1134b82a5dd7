"""Node group of `axon:cluster.node_groups`: identical nodes, with a minimum and a maximum size."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.network import Network
from stacks.settings.aws import node_group as settings
from stacks.settings.aws.ami_types import ami_type
from stacks.settings.aws.eks import EksCluster

# https://docs.aws.amazon.com/eks/latest/APIReference/API_Taint.html
_EFFECTS = {"NoSchedule": "NO_SCHEDULE", "PreferNoSchedule": "PREFER_NO_SCHEDULE", "NoExecute": "NO_EXECUTE"}
# https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
_HINT = "k8s.io/cluster-autoscaler/node-template"
# Cluster Autoscaler treats a node with this label as not ready until the node has GPUs, which the device
# plugin registers later: `GPULabel` in its cloudprovider/aws, FilterOutNodesWithUnreadyResources in its
# gpu_processor.go. It waits for GPUs only: a Neuron node with the label would never be ready.
_WAITS_FOR_GPUS = {"k8s.amazonaws.com/accelerator": "nvidia"}


class NodeGroup(pulumi.ComponentResource):
    """EKS managed node group with its own launch template.

    The node autoscaler owns the size between `min_instances` and `max_instances`: the program sets the size
    at creation, and ignores it afterwards.
    """

    def __init__(
        self,
        name: str,
        group: settings.NodeGroup,
        cluster: EksCluster,
        *,
        cluster_name: pulumi.Input[str],
        network: Network,
        role_arn: pulumi.Input[str],
        tags: Mapping[str, str],
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the group. `tags` are the stack's: instances of an Auto Scaling group get none from the
        provider.
        """
        super().__init__("axon:node_group:NodeGroup", name, None, opts)
        self._name, self._group, self._cluster = name, group, cluster
        self._tags, self._after = tags, after
        template = self._launch_template()
        subnets = network.subnets(group.subnets, group.zones)
        self.nodes = self._nodes(template, cluster_name, subnets, role_arn)
        self._hints(self.nodes)
        self.register_outputs({})

    @property
    def labels(self) -> dict[str, str]:
        """Kubernetes labels of the nodes."""
        own = {"axon.dev/node-group": self._name, "axon.dev/role": self._group.role}
        if plugin := self._group.device_plugin:
            own["axon.dev/device-plugin"] = plugin
        return {**self._group.labels, **own, **(_WAITS_FOR_GPUS if self._group.facts.gpus else {})}

    def _launch_template(self) -> aws.ec2.LaunchTemplate:
        # No image and no instance types: EKS chooses the image by ami_type, and upgrades it by version.
        name = {"Name": f"{self._cluster.name}-{self._name}", "axon:node-group": self._name}
        tags = {**name, **self._tags}
        return aws.ec2.LaunchTemplate(
            self._name,
            name_prefix=f"{self._cluster.name}-{self._name}-",
            update_default_version=True,
            # IMDSv2 with one hop: pods in their own network namespace cannot obtain the node's role.
            # https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            block_device_mappings=self._disks(),
            monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=False),
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags)
                for kind in ("instance", "volume", "network-interface")
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _disks(self) -> list[aws.ec2.LaunchTemplateBlockDeviceMappingArgs]:
        if self._group.image == "bottlerocket":
            # xvda holds the system, xvdb images and containers:
            # https://bottlerocket.dev/en/os/latest/#/concepts/data-volume
            return [_disk("/dev/xvda", _SYSTEM_DISK), _disk("/dev/xvdb", self._group.disk)]
        return [_disk("/dev/xvda", self._group.disk)]

    def _nodes(
        self,
        template: aws.ec2.LaunchTemplate,
        cluster_name: pulumi.Input[str],
        subnets: Sequence[pulumi.Input[str]],
        role_arn: pulumi.Input[str],
    ) -> aws.eks.NodeGroup:
        group = self._group
        return aws.eks.NodeGroup(
            self._name,
            cluster_name=cluster_name,
            # A prefix, not a name: a replacement can then be created before the old group is deleted.
            node_group_name_prefix=f"{self._name}-",
            node_role_arn=role_arn,
            subnet_ids=list(subnets),
            version=self._cluster.version,
            ami_type=ami_type(group),
            release_version=self._cluster.node_release(ami_type(group)),
            capacity_type="SPOT" if group.spot else "ON_DEMAND",
            instance_types=group.instance_types,
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            labels=self.labels,
            taints=[
                aws.eks.NodeGroupTaintArgs(key=t.key, value=t.value, effect=_EFFECTS[t.effect])
                for t in group.all_taints
            ],
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=group.min_instances,
                max_size=group.max_instances,
                desired_size=group.min_instances,
            ),
            update_config=_update_config(group.max_unavailable),
            # https://docs.aws.amazon.com/eks/latest/userguide/node-health.html
            node_repair_config=aws.eks.NodeGroupNodeRepairConfigArgs(enabled=True),
            tags={"axon:node-group": self._name},
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(self._after),
                # The node autoscaler owns the size: a revert at every `up` would remove nodes under load.
                ignore_changes=["scalingConfig.desiredSize"],
                # EKS drains one node after another, fifteen minutes each at most.
                custom_timeouts=pulumi.CustomTimeouts(update="2h", delete="1h"),
            ),
        )

    def _hints(self, nodes: aws.eks.NodeGroup) -> None:
        """Tag the Auto Scaling group with the properties of its nodes, for the node autoscaler to scale up
        from zero.
        """
        scaling_group = nodes.resources.apply(_scaling_group)
        for key, value in hints(self._group, self.labels).items():
            aws.autoscaling.Tag(
                f"{self._name}-{key.removeprefix(_HINT + '/')}",
                autoscaling_group_name=scaling_group,
                tag=aws.autoscaling.TagTagArgs(key=key, value=value, propagate_at_launch=False),
                opts=pulumi.ResourceOptions(parent=self),
            )


# Below the minimum of the setting, which is for disks with images.
_SYSTEM_DISK = settings.Disk.model_construct(size=4, type="gp3", iops=3000, throughput=125)


def _disk(device: str, disk: settings.Disk) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=device,
        ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            volume_size=disk.size,
            volume_type=disk.type,
            iops=disk.iops,
            throughput=disk.throughput if disk.type == "gp3" else None,
            encrypted="true",
            delete_on_termination="true",
        ),
    )


def _scaling_group(resources: Sequence[aws.eks.outputs.NodeGroupResource]) -> str:
    groups = resources[0].autoscaling_groups or []
    return str(groups[0].name)


def hints(group: settings.NodeGroup, labels: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that describe a node of an empty group: labels, taints, resources."""
    facts = group.facts
    resources = {
        "nvidia.com/gpu": facts.gpus,
        "aws.amazon.com/neuron": facts.neuron_devices,
        "ephemeral-storage": f"{group.disk.size}Gi",
    }
    return {
        **{f"{_HINT}/label/{key}": value for key, value in labels.items()},
        **{f"{_HINT}/taint/{t.key}": f"{t.value}:{t.effect}" for t in group.all_taints},
        **{f"{_HINT}/resources/{key}": str(value) for key, value in resources.items() if value},
    }


def _update_config(max_unavailable: str) -> aws.eks.NodeGroupUpdateConfigArgs:
    if max_unavailable.endswith("%"):
        return aws.eks.NodeGroupUpdateConfigArgs(max_unavailable_percentage=int(max_unavailable[:-1]))
    return aws.eks.NodeGroupUpdateConfigArgs(max_unavailable=int(max_unavailable))
