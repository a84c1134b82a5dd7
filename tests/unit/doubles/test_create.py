"""What AWS refuses to make, and what it does not."""

from typing import Any

import pytest

from tests.doubles import Account
from tests.doubles.account import RefusedError
from tests.doubles.provider import Provider
from tests.unit.doubles.helpers import (
    ATTACHMENT,
    CLUSTER,
    ENTRY,
    GATEWAY,
    MANAGED,
    NAT,
    NODE_INPUTS,
    NODES,
    NUMBER,
    ROLE,
    RULE,
    SUBNET,
    TAG,
    TRUST,
    cluster,
    cni,
    make,
    network,
    role,
)


class TestCreate:
    def test_duplicates(self, provider: Provider) -> None:
        role(provider)
        with pytest.raises(RefusedError, match="EntityAlreadyExists"):
            role(provider)

    @pytest.mark.parametrize(
        ("token", "inputs", "reason"),
        [
            (SUBNET, {"vpcId": "vpc-0123456789abcdef0", "cidrBlock": "10.0.0.0/20"}, "InvalidVpcID.NotFound"),
            (ATTACHMENT, {"role": "node", "policyArn": MANAGED}, "no Role is called node"),
            (
                "aws:eks/podIdentityAssociation:PodIdentityAssociation",
                {"clusterName": "lab", "roleArn": f"arn:aws:iam::{NUMBER}:role/x"},
                "role/x does not exist",
            ),
            ("aws:s3/bucketVersioning:BucketVersioning", {"bucket": "lab"}, "no Bucket"),
        ],
    )
    def test_references(self, provider: Provider, token: str, inputs: dict[str, Any], reason: str) -> None:
        with pytest.raises(RefusedError, match=reason):
            make(provider, token, "x", **inputs)

    def test_principals_are_anybody(self, provider: Provider) -> None:
        _, subnets = network(provider)
        cluster(provider, subnets)
        make(provider, ENTRY, "me", clusterName="lab", principalArn=f"arn:aws:iam::{NUMBER}:role/admin")

    def test_what_comes_with_a_resource_exists(self, provider: Provider, account: Account) -> None:
        _, subnets = network(provider)
        cluster(provider, subnets)
        group = account.of("Cluster")[0].outputs["vpcConfig"]["clusterSecurityGroupId"]
        make(provider, RULE, "x", securityGroupId=group, cidrIpv4="10.0.0.0/8", ipProtocol="-1")

    def test_subnets(self, provider: Provider) -> None:
        vpc, _ = network(provider)
        with pytest.raises(RefusedError, match=r"InvalidSubnet\.Range"):
            make(provider, SUBNET, "x", vpcId=vpc, cidrBlock="10.1.0.0/20")
        with pytest.raises(RefusedError, match=r"InvalidSubnet\.Conflict"):
            make(provider, SUBNET, "x", vpcId=vpc, cidrBlock="10.0.8.0/21")

    def test_a_cluster_needs_two_zones_and_a_policy(self, provider: Provider) -> None:
        vpc, subnets = network(provider)
        more = make(provider, SUBNET, "c", vpcId=vpc, cidrBlock="10.0.32.0/20", availabilityZone="eu-west-1a")
        with pytest.raises(RefusedError, match="two zones"):
            cluster(provider, [subnets[0], more])
        make(provider, ROLE, "bare", name="bare", assumeRolePolicy=TRUST)
        arn = f"arn:aws:iam::{NUMBER}:role/bare"
        with pytest.raises(RefusedError, match="no policy"):
            make(provider, CLUSTER, "lab", name="lab", roleArn=arn, vpcConfig={"subnetIds": subnets})

    def test_a_nat_gateway_needs_an_internet_gateway(self, provider: Provider) -> None:
        vpc, subnets = network(provider)
        address = make(provider, "aws:ec2/eip:Eip", "nat", domain="vpc")
        inputs = {"subnetId": subnets[0], "allocationId": address}
        with pytest.raises(RefusedError, match="no Internet gateway"):
            make(provider, NAT, "nat", **inputs)
        make(provider, GATEWAY, "igw", vpcId=vpc)
        make(provider, NAT, "nat", **inputs)

    def test_nodes_need_a_policy_a_network_and_room(self, provider: Provider) -> None:
        _, subnets = network(provider)
        cluster(provider, subnets)
        inputs = {**NODE_INPUTS, "subnetIds": subnets}
        make(provider, ROLE, "node", name="node", assumeRolePolicy=TRUST)
        with pytest.raises(RefusedError, match="no policy attached"):
            make(provider, NODES, "cpu", **inputs)
        make(provider, ATTACHMENT, "node", role="node", policyArn=MANAGED)
        with pytest.raises(RefusedError, match="no vpc-cni"):
            make(provider, NODES, "cpu", **inputs)
        cni(provider)
        with pytest.raises(RefusedError, match="desiredSize 3"):
            make(
                provider,
                NODES,
                "x",
                **{**inputs, "scalingConfig": {"minSize": 0, "desiredSize": 3, "maxSize": 2}},
            )
        with pytest.raises(RefusedError, match="newer than the cluster"):
            make(provider, NODES, "x", **inputs, version="1.35")
        make(provider, NODES, "cpu", **inputs)

    def test_tags_of_a_group(self, provider: Provider, account: Account, lab: str) -> None:
        group = account.of("NodeGroup")[0].outputs["resources"][0]["autoscalingGroups"][0]["name"]
        for number in range(50):
            make(provider, TAG, str(number), autoscalingGroupName=group, tag={"key": str(number)})
        with pytest.raises(RefusedError, match="50 tags already"):
            make(provider, TAG, "one", autoscalingGroupName=group, tag={"key": "more"})
