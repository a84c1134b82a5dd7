"""The doubles refuse what AWS refuses, and leave alone what it does not."""

import json
import os
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from tests.doubles import Account
from tests.doubles.account import RefusedError, Store
from tests.doubles.aws import Servicer
from tests.doubles.cni import merged
from tests.doubles.component import kubeconfig
from tests.doubles.eks import failures
from tests.doubles.invokes import answer
from tests.doubles.provider import Provider
from tests.doubles.replacements import changes
from tests.doubles.wire import UNKNOWN, plain, struct

NUMBER = "111122223333"
VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
GATEWAY, NAT = "aws:ec2/internetGateway:InternetGateway", "aws:ec2/natGateway:NatGateway"
ROLE, ATTACHMENT = "aws:iam/role:Role", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
POLICY, TEMPLATE = "aws:iam/rolePolicy:RolePolicy", "aws:ec2/launchTemplate:LaunchTemplate"
CLUSTER, NODES, ADDON = "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup", "aws:eks/addon:Addon"
BUCKET, BALANCER = "aws:s3/bucket:Bucket", "aws:lb/loadBalancer:LoadBalancer"
LOGS, TAG = "aws:cloudwatch/logGroup:LogGroup", "aws:autoscaling/tag:Tag"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
ENTRY = "aws:eks/accessEntry:AccessEntry"

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
MANAGED = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"


# of the SDK, about itself
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXON_DOUBLE_SECONDS", "0")


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path)


@pytest.fixture
def provider(account: Account) -> Provider:
    return Provider(Store(account.folder), NUMBER)


def make(provider: Provider, token: str, called: str, /, **inputs: Any) -> str:
    checked, failed = provider.check(token, called, {}, inputs, "seed")
    assert failed == []
    return provider.create(token, f"urn:pulumi:s::p::{token}::{called}", called, checked)[0]


def wrong(provider: Provider, token: str, **inputs: Any) -> dict[str, str]:
    return dict(provider.check(token, "x", {}, inputs, "seed")[1])


def network(provider: Provider) -> tuple[str, list[str]]:
    vpc = make(provider, VPC, "vpc", cidrBlock="10.0.0.0/16")
    zones = {"a": "10.0.0.0/20", "b": "10.0.16.0/20"}
    subnets = [
        make(provider, SUBNET, zone, vpcId=vpc, cidrBlock=cidr, availabilityZone=f"eu-west-1{zone}")
        for zone, cidr in zones.items()
    ]
    return vpc, subnets


def role(provider: Provider, name: str = "node") -> str:
    make(provider, ROLE, name, name=name, assumeRolePolicy=TRUST)
    make(provider, ATTACHMENT, name, role=name, policyArn=MANAGED)
    return f"arn:aws:iam::{NUMBER}:role/{name}"


def cluster(provider: Provider, subnets: list[str], **inputs: Any) -> str:
    given = {"name": "lab", "version": "1.34", "vpcConfig": {"subnetIds": subnets}, **inputs}
    return make(provider, CLUSTER, "lab", roleArn=role(provider, "cluster"), **given)


def cni(provider: Provider) -> str:
    return make(
        provider, ADDON, "cni", clusterName="lab", addonName="vpc-cni", addonVersion="v1.20.4-eksbuild.2"
    )


NODE_INPUTS: dict[str, Any] = {
    "clusterName": "lab",
    "nodeGroupNamePrefix": "cpu-",
    "nodeRoleArn": f"arn:aws:iam::{NUMBER}:role/node",
    "subnetIds": [],
    "scalingConfig": {"minSize": 0, "desiredSize": 1, "maxSize": 2},
}


@pytest.fixture
def lab(provider: Provider) -> str:
    """A node group, and all that it needs. Its id."""
    _, subnets = network(provider)
    cluster(provider, subnets)
    role(provider)
    cni(provider)
    return make(provider, NODES, "cpu", **{**NODE_INPUTS, "subnetIds": subnets})


class TestCheck:
    @pytest.mark.parametrize(
        ("token", "inputs", "path"),
        [
            (VPC, {"cidrBlok": "10.0.0.0/16"}, "cidrBlok"),
            (VPC, {"arn": "arn:aws:x"}, "arn"),  # an output is no input
            (VPC, {"enableDnsSupport": "true"}, "enableDnsSupport"),
            (NODES, {"scalingConfig": {"minsize": 1}}, "scalingConfig.minsize"),
            (NODES, {"scalingConfig": {"minSize": "1"}}, "scalingConfig.minSize"),
            (NODES, {"scalingConfig": {"minSize": 1.5}}, "scalingConfig.minSize"),
            (NODES, {"scalingConfig": {"minSize": True}}, "scalingConfig.minSize"),
            (NODES, {"taints": [{"key": "a", "efect": "NO_SCHEDULE"}]}, "taints[0].efect"),
            (NODES, {"labels": {"a": 1}}, "labels.a"),
            (NODES, {"subnetIds": "subnet-1"}, "subnetIds"),
            (TEMPLATE, {"blockDeviceMappings": [{"ebs": {"size": 1}}]}, "blockDeviceMappings[0].ebs.size"),
            ("aws:s3/bucketVersioning:BucketVersioning", {"versioning": {}}, "versioning"),
        ],
    )
    def test_shape(self, provider: Provider, token: str, inputs: dict[str, Any], path: str) -> None:
        assert path in wrong(provider, token, **inputs)

    def test_the_unknown_fits_everywhere(self, provider: Provider) -> None:
        inputs = {
            "clusterName": UNKNOWN,
            "subnetIds": UNKNOWN,
            "launchTemplate": {"id": "a", "version": UNKNOWN},
        }
        sizes = {"minSize": UNKNOWN, "maxSize": 1, "desiredSize": 1}
        assert wrong(provider, NODES, **inputs, scalingConfig=sizes, nodeRoleArn=UNKNOWN) == {}

    @pytest.mark.parametrize(
        ("inputs", "path"),
        [
            ({"scalingConfig": {"minSize": 3, "desiredSize": 3, "maxSize": 2}}, "scalingConfig.minSize"),
            ({"version": "1.34.1"}, "version"),
            ({"capacityType": "SPOTS"}, "capacityType"),
            ({"amiType": "AL2023_X86"}, "amiType"),
            ({"taints": [{"key": "a", "effect": "NoSchedule"}]}, "taints[0].effect"),
            ({"launchTemplate": {"id": "lt-1", "version": "1"}, "diskSize": 20}, "diskSize"),
            ({"launchTemplate": {"id": "lt-1", "name": "a", "version": "1"}}, "launchTemplate"),
            ({"labels": {"node-role.kubernetes.io/worker": ""}}, "labels"),
            ({"labels": {"a": "not a value"}}, "labels"),
            ({"instanceTypes": ["m7i.huge"]}, "instanceTypes"),
            ({"instanceTypes": ["m7i.large"] * 21}, "instanceTypes"),
            ({"nodeGroupNamePrefix": "a" * 38}, "nodeGroupNamePrefix"),
            ({"updateConfig": {}}, "updateConfig"),
        ],
    )
    def test_node_group(self, provider: Provider, inputs: dict[str, Any], path: str) -> None:
        assert path in wrong(provider, NODES, **inputs)

    @pytest.mark.parametrize(
        ("token", "inputs", "path"),
        [
            (CLUSTER, {"vpcConfig": {"subnetIds": ["a"]}}, "vpcConfig.subnetIds"),
            (CLUSTER, {"name": "-lab"}, "name"),
            (
                CLUSTER,
                {"vpcConfig": {"endpointPublicAccess": False, "publicAccessCidrs": ["203.0.113.0/24"]}},
                "vpcConfig.publicAccessCidrs",
            ),
            (
                CLUSTER,
                {"vpcConfig": {"publicAccessCidrs": ["203.0.113.1/24"]}},
                "vpcConfig.publicAccessCidrs",
            ),
            (CLUSTER, {"vpcConfig": {"publicAccessCidrs": ["10.0.0.0/8"]}}, "vpcConfig.publicAccessCidrs"),
            (CLUSTER, {"enabledClusterLogTypes": ["apis"]}, "enabledClusterLogTypes"),
            (ADDON, {"clusterName": "lab", "addonName": "coredns"}, "addonVersion"),
            (ADDON, {"addonVersion": "v1.0.0-eksbuild.1", "configurationValues": "{"}, "configurationValues"),
            (ENTRY, {"principalArn": "me"}, "principalArn"),
            (TEMPLATE, {"metadataOptions": {"httpTokens": "yes"}}, "metadataOptions.httpTokens"),
            (
                TEMPLATE,
                {"blockDeviceMappings": [{"ebs": {"encrypted": "True"}}]},
                "blockDeviceMappings[0].ebs.encrypted",
            ),
            (TEMPLATE, {"userData": "#!/bin/sh"}, "userData"),
            (RULE, {"cidrIpv4": "10.0.0.1/8"}, "cidrIpv4"),
            (RULE, {"cidrIpv4": "10.0.0.0/8", "toPort": 65536}, "toPort"),
            (
                RULE,
                {"cidrIpv4": "10.0.0.0/8", "referencedSecurityGroupId": "sg-1"},
                "referencedSecurityGroupId",
            ),
            (VPC, {"cidrBlock": "10.0.0.0/8"}, "cidrBlock"),
            (LOGS, {"retentionInDays": 31}, "retentionInDays"),
            (ROLE, {"name": "a" * 65, "assumeRolePolicy": TRUST}, "name"),
            (BUCKET, {"bucket": "Models"}, "bucket"),
            (BUCKET, {"bucket": "10.0.0.1"}, "bucket"),
            (BALANCER, {"name": "a" * 33, "subnets": ["a", "b"]}, "name"),
            ("aws:ecr/repository:Repository", {"name": "lab//models"}, "name"),
            ("aws:lb/listener:Listener", {"protocol": "TLS", "port": 443}, "certificateArn"),
            (TAG, {"tag": {"key": "a" * 129, "value": ""}}, "tag"),
            (VPC, {"tags": {str(number): "" for number in range(51)}}, "tags"),
            (VPC, {"tags": {"a": "b" * 257}}, "tags"),
            (VPC, {"tags": {"aws:a": "b"}}, "tags"),
        ],
    )
    def test_rules(self, provider: Provider, token: str, inputs: dict[str, Any], path: str) -> None:
        assert path in wrong(provider, token, **inputs)

    def test_policy_documents(self, provider: Provider) -> None:
        good = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::models/*"}
        for change, reason in (
            ({}, None),
            ({"Effect": "Maybe"}, "Malformed"),
            ({"Action": "GetObject"}, "vendor"),
            ({"Resource": "models"}, "ARN"),
        ):
            document = json.dumps({"Version": "2012-10-17", "Statement": [{**good, **change}]})
            found = wrong(provider, POLICY, role="a", policy=document).get("policy")
            assert found is None if reason is None else reason in str(found)
        assert "assumeRolePolicy" in wrong(
            provider, ROLE, assumeRolePolicy=TRUST.replace("AssumeRole", "Assume")
        )
        assert "policy" in wrong(provider, "aws:s3/bucketPolicy:BucketPolicy", bucket="a", policy="{")

    def test_names_are_made_up_and_kept(self, provider: Provider) -> None:
        first, _ = provider.check(VPC, "vpc", {}, {}, "seed")
        assert "name" not in first
        made, _ = provider.check(ROLE, "node", {}, {"assumeRolePolicy": TRUST}, "seed")
        again, _ = provider.check(ROLE, "node", made, {"assumeRolePolicy": TRUST}, "another seed")
        fresh, _ = provider.check(ROLE, "node", {}, {"assumeRolePolicy": TRUST}, "another seed")
        assert made["name"].startswith("node-")
        assert again["name"] == made["name"] != fresh["name"]

    def test_configuration(self, provider: Provider) -> None:
        provider.configure({"region": "us-east-1", "defaultTags": '{"tags": {"env": "lab", "a": "1"}}'})
        inputs, _ = provider.check(VPC, "vpc", {}, {"tags": {"a": "2"}}, "seed")
        assert inputs["tags"] == {"env": "lab", "a": "2"}
        assert provider.place.region == "us-east-1"
        with pytest.raises(RefusedError, match="not allowed"):
            provider.configure({"allowedAccountIds": '["999999999999"]'})


class TestDiff:
    @pytest.mark.parametrize(
        ("token", "old", "new", "replaced"),
        [
            (VPC, {"cidrBlock": "a"}, {"cidrBlock": "b"}, ["cidrBlock"]),
            (VPC, {"tags": {"a": "1"}}, {"tags": {"a": "2"}}, []),
            (
                NODES,
                {"launchTemplate": {"id": "a", "version": "1"}},
                {"launchTemplate": {"id": "a", "version": "2"}},
                [],
            ),
            (
                NODES,
                {"launchTemplate": {"id": "a", "version": "1"}},
                {"launchTemplate": {"id": "b", "version": "1"}},
                ["launchTemplate.id"],
            ),
            (NODES, {}, {"launchTemplate": {"id": "a"}}, ["launchTemplate"]),
            (NODES, {"instanceTypes": ["a"]}, {"instanceTypes": ["a", "b"]}, ["instanceTypes[1]"]),
            (NODES, {"labels": {"a": "1"}}, {}, []),
            (NODES, {"version": "1.34"}, {"version": "1.35"}, []),
            (CLUSTER, {"vpcConfig": {"subnetIds": ["a"]}}, {"vpcConfig": {"subnetIds": ["b"]}}, []),
            (CLUSTER, {"encryptionConfig": {"resources": []}}, {}, ["encryptionConfig"]),
            (CLUSTER, {}, {"encryptionConfig": {"resources": []}}, []),
            (
                CLUSTER,
                {"kubernetesNetworkConfig": {"ipFamily": "ipv4"}},
                {"kubernetesNetworkConfig": {"ipFamily": "ipv4", "serviceIpv4Cidr": "a"}},
                ["kubernetesNetworkConfig.serviceIpv4Cidr"],
            ),
            (BALANCER, {}, {"securityGroups": ["a"]}, ["securityGroups"]),
            (BALANCER, {"securityGroups": ["a"]}, {"securityGroups": ["a", "b"]}, []),
            (TAG, {"tag": {"key": "a", "value": "1"}}, {"tag": {"key": "a", "value": "2"}}, []),
            (TAG, {"tag": {"key": "a"}}, {"tag": {"key": "b"}}, ["tag.key"]),
            ("aws:s3/bucketVersioning:BucketVersioning", {"bucket": "a"}, {"bucket": "b"}, ["bucket"]),
            (ATTACHMENT, {"policyArn": "a"}, {"policyArn": "b"}, ["policyArn"]),
            (VPC, {"region": "a"}, {"region": "b"}, ["region"]),
        ],
    )
    def test_replacement(
        self, provider: Provider, token: str, old: dict[str, Any], new: dict[str, Any], replaced: list[str]
    ) -> None:
        diff = provider.diff(token, "id", old, new)
        assert diff.changes
        assert diff.replaces == replaced

    def test_a_fixed_name_goes_first(self, provider: Provider) -> None:
        def first(**name: Any) -> bool:
            old = {"instanceTypes": ["a"], **name}
            return provider.diff(NODES, "lab:cpu", old, {**old, "instanceTypes": ["b"]}).delete_first

        assert first(nodeGroupName="cpu")
        assert not first(nodeGroupNamePrefix="cpu-")
        assert not first(nodeGroupName="cpu", __defaults=["nodeGroupName"])
        assert not provider.diff(NODES, "lab:cpu", {"version": "1.34"}, {"version": "1.35"}).delete_first

    def test_an_id_of_inputs_goes_first(self, provider: Provider) -> None:
        old = {"clusterName": "lab", "principalArn": "me", "type": "STANDARD"}
        assert provider.diff(ENTRY, "lab:me", old, {**old, "type": "EC2"}).delete_first
        assert not provider.diff(ENTRY, "lab:me", old, {**old, "principalArn": "you"}).delete_first

    def test_paths(self) -> None:
        old = {"tags": {"a.b/c": "1", "d": "2"}, "list": [{"x": 1}], "__defaults": []}
        new = {"tags": {"a.b/c": "2"}, "list": [{"x": 2}, {"x": 3}], "more": "1"}
        assert {path: how for path, how, _ in changes(old, new)} == {
            'tags["a.b/c"]': "changed",
            "tags.d": "removed",
            "list[0].x": "changed",
            "list[1]": "added",
            "more": "added",
        }


class TestIdentity:
    def test_ids_and_arns(self, provider: Provider, account: Account, lab: str) -> None:
        arns = {
            row.kind: row.outputs["arn"]
            for kind in ("Vpc", "Role", "Cluster", "NodeGroup")
            for row in account.of(kind)
        }
        vpc, nodes = account.of("Vpc")[0], account.of("NodeGroup")[0]
        assert arns["Vpc"] == f"arn:aws:ec2:eu-west-1:{NUMBER}:vpc/{vpc.id}"
        assert arns["Role"] == f"arn:aws:iam::{NUMBER}:role/node"
        assert arns["Cluster"] == f"arn:aws:eks:eu-west-1:{NUMBER}:cluster/lab"
        assert arns["NodeGroup"].startswith(f"arn:aws:eks:eu-west-1:{NUMBER}:nodegroup/lab/cpu-2")
        assert nodes.inputs["nodeGroupName"].removeprefix("cpu-").isdigit()
        assert len(nodes.inputs["nodeGroupName"]) == len("cpu-") + 26
        assert nodes.outputs["resources"][0]["autoscalingGroups"][0]["name"].startswith("eks-cpu-")
        assert account.of("Cluster")[0].outputs["vpcConfig"]["vpcId"] == vpc.id

    def test_computed_outputs(self, provider: Provider, account: Account) -> None:
        _, subnets = network(provider)
        make(provider, BALANCER, "lb", name="lab", loadBalancerType="network", subnets=subnets)
        make(provider, "aws:ecr/repository:Repository", "models", name="lab/models")
        make(provider, "aws:ec2/eip:Eip", "nat", domain="vpc")
        make(provider, BUCKET, "models", bucketPrefix="lab-models-")
        balancer, repository = account.of("LoadBalancer")[0], account.of("Repository")[0]
        address, bucket = account.of("Eip")[0], account.of("Bucket")[0]
        assert "loadbalancer/net/lab/" in balancer.id
        assert balancer.outputs["dnsName"].endswith(".elb.eu-west-1.amazonaws.com")
        assert repository.outputs["repositoryUrl"] == f"{NUMBER}.dkr.ecr.eu-west-1.amazonaws.com/lab/models"
        assert address.outputs["allocationId"] == address.id
        assert bucket.outputs["arn"] == f"arn:aws:s3:::{bucket.id}"
        assert bucket.id.startswith("lab-models-2")

    def test_a_launch_template_counts_its_versions(self, provider: Provider, account: Account) -> None:
        id_ = make(provider, TEMPLATE, "cpu", name="cpu")
        old = account.of("LaunchTemplate")[0]
        assert old.outputs["latestVersion"] == 1
        new = {**old.inputs, "description": "x"}
        assert provider.preview_update(TEMPLATE, old.outputs, old.inputs, new)["latestVersion"] == UNKNOWN
        assert provider.update(TEMPLATE, "cpu", id_, old.inputs, new)["latestVersion"] == 2
        tagged = {**new, "tags": {"a": "b"}}
        assert provider.update(TEMPLATE, "cpu", id_, new, tagged)["latestVersion"] == 2

    def test_previews(self, provider: Provider, account: Account) -> None:
        made = provider.preview_create(CLUSTER, {"name": "lab", "vpcConfig": {"subnetIds": ["a"]}})
        assert made["endpoint"] == made["arn"] == made["vpcConfig"]["clusterSecurityGroupId"] == UNKNOWN
        assert made["name"] == "lab"
        _, subnets = network(provider)
        cluster(provider, subnets)
        old = account.of("Cluster")[0]
        later = provider.preview_update(CLUSTER, old.outputs, old.inputs, {**old.inputs, "version": "1.35"})
        assert later["endpoint"] == old.outputs["endpoint"]
        assert later["vpcConfig"] == old.outputs["vpcConfig"]
        assert account.record()[-1].op == "create"  # a preview does nothing


class TestCreate:
    def test_duplicates(self, provider: Provider) -> None:
        role(provider)
        with pytest.raises(RefusedError, match="exists already"):
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


class TestUpdate:
    def test_a_cluster_goes_up_by_one(self, provider: Provider, account: Account) -> None:
        _, subnets = network(provider)
        id_ = cluster(provider, subnets)
        inputs = account.of("Cluster")[0].inputs
        for version in ("1.36", "1.33"):
            with pytest.raises(RefusedError, match="by one"):
                provider.update(CLUSTER, "lab", id_, inputs, {**inputs, "version": version})
        made = provider.update(CLUSTER, "lab", id_, inputs, {**inputs, "version": "1.35"})
        assert made["version"] == "1.35"

    def test_sizes(self, provider: Provider, account: Account, lab: str) -> None:
        inputs = account.of("NodeGroup")[0].inputs
        sizes = {"minSize": 2, "desiredSize": 1, "maxSize": 3}
        with pytest.raises(RefusedError, match="desiredSize 1"):
            provider.update(NODES, "cpu", lab, inputs, {**inputs, "scalingConfig": sizes})

    def test_what_the_program_did_not_change_stays(
        self, provider: Provider, account: Account, lab: str
    ) -> None:
        inputs = account.of("NodeGroup")[0].inputs
        scaled = {**inputs["scalingConfig"], "desiredSize": 2}
        account.drift(NODES, "cpu", scalingConfig=scaled)  # an autoscaler did
        made = provider.update(NODES, "cpu", lab, inputs, {**inputs, "labels": {"a": "b"}})
        assert made["scalingConfig"] == scaled
        assert made["labels"] == {"a": "b"}

    def test_what_is_lost(self, provider: Provider, account: Account) -> None:
        id_ = make(provider, VPC, "vpc", cidrBlock="10.0.0.0/16")
        account.lose("Vpc", "vpc")
        with pytest.raises(RefusedError, match="does not exist"):
            provider.update(VPC, "vpc", id_, {}, {})
        provider.delete(VPC, "vpc", id_)  # as Terraform's provider has it


class TestDelete:
    def test_order(self, provider: Provider, account: Account, lab: str) -> None:
        def refused(kind: str, reason: str) -> None:
            for row in account.of(kind):
                with pytest.raises(RefusedError, match=reason):
                    provider.delete(row.token, row.name, row.id)

        refused("Vpc", "DependencyViolation: .*Vpc.* in use by .*Subnet")
        refused("Subnet", "in use by .*Cluster")
        refused("Cluster", "in use by .*NodeGroup")
        refused("Role", "in use by")
        refused("Addon", "stranded")
        for kind in ("NodeGroup", "Cluster", "Addon", "RolePolicyAttachment", "Role", "Subnet", "Vpc"):
            for row in account.of(kind):
                provider.delete(row.token, row.name, row.id)
        assert account.resources() == {}

    def test_a_name_in_a_tag_is_no_use(self, provider: Provider, account: Account) -> None:
        make(provider, BUCKET, "lab", bucket="lab", forceDestroy=True)
        make(provider, VPC, "vpc", tags={"Name": "lab"}, cidrBlock="10.0.0.0/16")
        provider.delete(BUCKET, "lab", "lab")

    def test_protection(self, provider: Provider, account: Account) -> None:
        _, subnets = network(provider)
        id_ = cluster(provider, subnets, deletionProtection=True)
        with pytest.raises(RefusedError, match="deletionProtection"):
            provider.delete(CLUSTER, "lab", id_)


class TestAccount:
    def test_faults_are_consumed(self, provider: Provider, account: Account) -> None:
        account.fail("aws:ec2/*", "vpc", "create", "VpcLimitExceeded", times=2)
        for _ in range(2):
            with pytest.raises(RefusedError, match="VpcLimitExceeded"):
                make(provider, VPC, "vpc", cidrBlock="10.0.0.0/16")
        make(provider, VPC, "vpc", cidrBlock="10.0.0.0/16")
        assert [call.error for call in account.record()] == ["VpcLimitExceeded", "VpcLimitExceeded", None]
        assert account.record()[-1].id == account.of("Vpc")[0].id
        account.clear_record()
        assert account.record() == []

    def test_overlap(self, provider: Provider, account: Account) -> None:
        account.slow(VPC, "*", "create", 0.2)
        started = time.time()
        threads = [
            threading.Thread(
                target=make, args=(provider, VPC, f"vpc-{number}"), kwargs={"cidrBlock": "10.0.0.0/16"}
            )
            for number in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.time() - started < 0.6
        overlap = account.overlap("create")
        assert overlap.total >= 0.8
        assert overlap.at_once > 1.5
        assert len(account.of("Vpc")) == 4

    def test_drift(self, provider: Provider, account: Account) -> None:
        id_ = make(provider, LOGS, "apis", name="apis", retentionInDays=7)
        account.drift(LOGS, "apis", retentionInDays=30)
        found = provider.read(LOGS, "apis", id_)
        assert found is not None
        assert found.inputs["retentionInDays"] == found.outputs["retentionInDays"] == 30

    def test_put(self, provider: Provider, account: Account) -> None:
        account.put(VPC, "vpc-0123456789abcdef0", cidrBlock="10.0.0.0/16")
        make(provider, SUBNET, "a", vpcId="vpc-0123456789abcdef0", cidrBlock="10.0.0.0/20")

    def test_plugins_start_anywhere(self, account: Account, tmp_path: Path) -> None:
        environment = account.environment(os.environ, tmp_path / "kubeconfig")
        assert environment["AXON_DOUBLE_KUBECONFIG"].endswith("/kubeconfig")
        for name, arguments in (("aws", []), ("eks", ["127.0.0.1:1"])):
            (tmp_path / "tests").mkdir(exist_ok=True)  # a project's own package of that name
            plugin = subprocess.Popen(
                [f"pulumi-resource-{name}", *arguments],
                cwd=tmp_path,
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert plugin.stdout
            assert plugin.stdout.readline().strip().isdigit()  # the port
            plugin.kill()
            plugin.communicate()


class _Context:
    def abort(self, code: Any, message: str) -> None:
        raise AssertionError(message)


class TestProtocol:
    """What the engine hears."""

    @pytest.fixture
    def servicer(self, provider: Provider) -> Servicer:
        return Servicer(provider)

    def test_detailed_diff(self, servicer: Servicer) -> None:
        response = servicer.Diff(
            pb.DiffRequest(
                urn=f"urn:pulumi:s::p::{NODES}::cpu",
                id="lab:cpu",
                old_inputs=struct({"version": "1.34", "amiType": "a"}),
                news=struct({"version": "1.35", "amiType": "b", "labels": {}}),
            ),
            _Context(),
        )
        kinds = {path: pb.PropertyDiff.Kind.Name(diff.kind) for path, diff in response.detailedDiff.items()}
        assert kinds == {"version": "UPDATE", "amiType": "UPDATE_REPLACE", "labels": "ADD"}
        assert list(response.replaces) == ["amiType"]

    def test_invokes(self, servicer: Servicer, account: Account) -> None:
        def invoke(token: str, **arguments: Any) -> dict[str, Any]:
            request = pb.InvokeRequest(tok=token, args=struct(arguments))
            return plain(getattr(servicer.Invoke(request, _Context()), "return"))

        assert invoke("aws:index/getPartition:getPartition")["partition"] == "aws"
        assert account.record() == []  # the provider knows that by itself
        assert invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == NUMBER
        assert (
            invoke("aws:ec2/getInstanceType:getInstanceType", instanceType="m7i.large")["defaultVcpus"] == 2
        )
        assert [call.op for call in account.record()] == ["invoke", "invoke"]
        with pytest.raises(AssertionError, match="versions are pinned"):
            invoke("aws:eks/getAddonVersion:getAddonVersion", addonName="coredns")
        with pytest.raises(AssertionError, match="does not answer"):
            invoke("aws:ec2/getAmi:getAmi")

    def test_policy_document(self, provider: Provider) -> None:
        with provider.store.reading() as world:
            row = {"actions": ["s3:Get*"], "resources": ["*"]}
            token = "aws:iam/getPolicyDocument:getPolicyDocument"
            made = answer(token, {"statements": [row]}, world, provider.place)
        assert wrong(provider, POLICY, role="a", policy=made["json"]) == {}

    def test_read_of_what_is_gone(self, servicer: Servicer) -> None:
        urn = f"urn:pulumi:s::p::{VPC}::vpc"
        assert servicer.Read(pb.ReadRequest(urn=urn, id="vpc-0"), _Context()).id == ""

    def test_wrappers_are_removed(self) -> None:
        secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "a"}
        given = struct_pb2.Struct()
        given.update({"policy": secret, "port": 443})
        assert plain(given) == {"policy": "a", "port": 443}


class TestComponent:
    """What the EKS double refuses of a program."""

    GOOD: ClassVar[dict[str, Any]] = {
        "accessEntries": {"me": {"principalArn": "arn", "accessPolicies": {}}},
        "authenticationMode": "API",
        "createOidcProvider": False,
        "kubeProxyAddonOptions": {"version": "v1.34.0-eksbuild.2"},
        "skipDefaultNodeGroup": True,
        "skipDefaultSecurityGroups": True,
        "vpcCniOptions": {"addonVersion": "v1.20.4-eksbuild.2"},
        "vpcId": "vpc-1",
    }

    @pytest.mark.parametrize(
        ("change", "path"),
        [
            ({}, None),
            ({"verson": "1.34"}, "verson"),
            ({"skipDefaultNodeGroup": None}, "skipDefaultNodeGroup"),
            ({"createOidcProvider": True}, "createOidcProvider"),
            ({"vpcCniOptions": {}}, "vpcCniOptions.addonVersion"),
            ({"vpcCniOptions": {"addonVersion": "v1", "networkPolicy": True}}, "vpcCniOptions.networkPolicy"),
            ({"kubeProxyAddonOptions": None}, "kubeProxyAddonOptions.version"),
            ({"corednsAddonOptions": {"enabled": True}}, "corednsAddonOptions.version"),
            ({"endpointPublicAccess": False, "publicAccessCidrs": ["0.0.0.0/0"]}, "publicAccessCidrs"),
            ({"authenticationMode": None}, "authenticationMode"),
            ({"accessEntries": {"me": {}}}, "accessEntries.me.principalArn"),
            ({"accessEntries": {"me": {"principalArn": "a", "policies": {}}}}, "accessEntries.me.policies"),
            (
                {"accessEntries": {"me": {"principalArn": "a", "accessPolicies": {"x": {"policyArn": "b"}}}}},
                "accessEntries.me.accessPolicies.x.accessScope",
            ),
            ({"fargate": True}, "fargate"),
            ({"vpcCniOptions": None, "useDefaultVpcCni": True}, None),
            ({"kubeProxyAddonOptions": {"enabled": False}}, None),
        ],
    )
    def test_refuses(self, change: dict[str, Any], path: str | None) -> None:
        found = [where for where, _ in failures({**self.GOOD, **change})]
        assert found == ([path] if path else [])

    def test_configuration_of_the_network_addon(self) -> None:
        made = merged({"enableNetworkPolicy": True, "enablePrefixDelegation": True, "warmIpTarget": 5.0})
        assert made["enableNetworkPolicy"] == made["env"]["ENABLE_PREFIX_DELEGATION"] == "true"
        assert made["env"]["WARM_IP_TARGET"] == "5"

    def test_kubeconfig(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AXON_DOUBLE_KUBECONFIG", "/a/path")
        assert kubeconfig("https://x") == "/a/path"
        monkeypatch.delenv("AXON_DOUBLE_KUBECONFIG")
        assert json.loads(kubeconfig("https://x"))["clusters"][0]["cluster"]["server"] == "https://x"
