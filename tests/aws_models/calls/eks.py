"""Calls of EKS for the control plane and what it keeps."""

import uuid

from tests.aws_models.resource import Made, Resource

# https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html (subnet requirements for clusters)
_ZONES_WITHOUT_EKS = {"use1-az3", "usw1-az2", "cac1-az3"}
# https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
_ACCESS_POLICIES = {
    f"arn:aws:eks::aws:cluster-access-policy/AmazonEKS{name}Policy"
    for name in ("Admin", "AdminView", "ClusterAdmin", "ClusterInsights", "Edit", "SecretReader", "View")
}


def check_zones(resource: Resource, subnets: list[str]) -> None:
    """Note subnets in zones where EKS makes nothing."""
    for subnet in resource.account.client("ec2").describe_subnets(SubnetIds=subnets)["Subnets"]:
        if subnet["AvailabilityZoneId"] in _ZONES_WITHOUT_EKS:
            zone = subnet["AvailabilityZone"]
            resource.account.note(resource.title, f"UnsupportedAvailabilityZoneException: {zone} has no EKS")


def cluster(resource: Resource) -> Made:
    name, subnets = resource.inputs["name"], resource.inputs["vpcConfig"]["subnetIds"]
    check_zones(resource, subnets)
    logs, network = resource.take("enabledClusterLogTypes"), resource.take("vpcConfig")
    resource.create(
        "eks",
        "CreateCluster",
        logging={"clusterLogging": [{"types": logs, "enabled": True}]} if logs else None,
        resourcesVpcConfig=network,
    )
    ec2 = resource.account.client("ec2")
    vpc = ec2.describe_subnets(SubnetIds=subnets)["Subnets"][0]["VpcId"]
    group = ec2.create_security_group(GroupName=f"eks-cluster-sg-{name}", Description="EKS", VpcId=vpc)
    return Made(
        name,
        {
            "arn": resource.arn("eks", f"cluster/{name}"),
            "endpoint": f"https://{name}.eks.example",
            "vpcConfig": {**network, "clusterSecurityGroupId": group["GroupId"]},
            "identities": [{"oidcs": [{"issuer": f"https://oidc.eks.{resource.region}.amazonaws.com/id/0"}]}],
        },
    )


def addon(resource: Resource) -> Made:
    name, of_cluster = resource.inputs["addonName"], resource.inputs["clusterName"]
    later = resource.take("resolveConflictsOnUpdate")
    resource.create("eks", "CreateAddon", {"resolveConflictsOnCreate": "resolveConflicts"})
    if later:
        resource.call("eks", "UpdateAddon", clusterName=of_cluster, addonName=name, resolveConflicts=later)
    return Made(f"{of_cluster}:{name}")


def access_entry(resource: Resource) -> Made:
    of_cluster, principal = resource.inputs["clusterName"], resource.inputs["principalArn"]
    resource.create("eks", "CreateAccessEntry")
    return Made(f"{of_cluster}:{principal}")


def access_policy_association(resource: Resource) -> Made:
    of_cluster, principal = resource.inputs["clusterName"], resource.inputs["principalArn"]
    arn = resource.inputs["policyArn"]
    if arn not in _ACCESS_POLICIES:
        resource.account.note(resource.title, f"eks:AssociateAccessPolicy: {arn} is not a policy of EKS'")
    resource.create("eks", "AssociateAccessPolicy")
    return Made(f"{of_cluster}#{principal}#{arn}")


def pod_identity_association(resource: Resource) -> Made:
    resource.create("eks", "CreatePodIdentityAssociation")
    return Made(f"a-{uuid.uuid4().hex[:17]}")
