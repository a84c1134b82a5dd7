"""Calls for the nodes: launch templates, node groups, and their Auto Scaling groups."""

import uuid
from typing import Any

from tests.aws_models.calls.eks import check_zones
from tests.aws_models.resource import Made, Resource

_VERSIONS = {"latestVersion": "LatestVersionNumber", "defaultVersion": "DefaultVersionNumber"}


def launch_template(resource: Resource) -> Made:
    name, tags = resource.own_name(), resource.tags("launch-template")
    about, data = template_data(resource)
    made = resource.create(
        "ec2",
        "CreateLaunchTemplate",
        LaunchTemplateName=name,
        LaunchTemplateData=data,
        VersionDescription=about,
        TagSpecifications=tags,
    )["LaunchTemplate"]
    return Made(made["LaunchTemplateId"], {name: made[member] for name, member in _VERSIONS.items()})


def template_data(resource: Resource) -> tuple[str | None, dict[str, Any]]:
    """Return the description of a launch template's version, and what is in the version."""
    resource.take("updateDefaultVersion")
    about = resource.take("description")
    data, resource.inputs = resource.inputs, {}
    return about, data


def node_group(resource: Resource) -> Made:
    """Make it, of types that EC2 sells here, and say what EKS calls its Auto Scaling group."""
    name, of_cluster = (
        resource.own_name("nodeGroupName", "nodeGroupNamePrefix"),
        resource.inputs["clusterName"],
    )
    check_zones(resource, resource.inputs["subnetIds"])
    _is_offered(resource)
    made = resource.create(
        "eks", "CreateNodegroup", {"nodeRoleArn": "nodeRole", "subnetIds": "subnets"}, nodegroupName=name
    )["nodegroup"]
    # https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html
    group = f"eks-{name}-{uuid.uuid4()}"
    resource.account.scaling_groups[resource.name] = group
    groups = {"autoscalingGroups": [{"name": group}], "remoteAccessSecurityGroupId": ""}
    return Made(f"{of_cluster}:{name}", {"arn": made["nodegroupArn"], "resources": [groups]})


def _is_offered(resource: Resource) -> None:
    ec2, subnets = resource.account.client("ec2"), resource.inputs["subnetIds"]
    found = ec2.describe_subnets(SubnetIds=subnets)["Subnets"]
    zones = {subnet["AvailabilityZone"] for subnet in found}
    for name in resource.inputs.get("instanceTypes", []):
        offers = ec2.describe_instance_type_offerings(
            LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [name]}]
        )["InstanceTypeOfferings"]
        where = {offer["Location"] for offer in offers}
        if not where:
            resource.account.note(
                resource.title, f"eks:CreateNodegroup: {name} does not exist: {resource.region} has none"
            )
        elif not zones & where:
            places = ", ".join(sorted(zones))
            resource.account.note(resource.title, f"eks:CreateNodegroup: {name} is not offered in {places}")


def scaling_group_tag(resource: Resource) -> Made:
    tag, group = resource.take("tag"), resource.take("autoscalingGroupName")
    named = {"ResourceId": group, "ResourceType": "auto-scaling-group"}
    resource.create("autoscaling", "CreateOrUpdateTags", Tags=[{**named, **tag}])
    return Made(f"{group},{tag['key']}")
