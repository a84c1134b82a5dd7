"""Resources that most tests of the doubles need, and how to make them."""

import json
from contextlib import suppress
from typing import Any

from tests.doubles import Account
from tests.doubles.account import RefusedError, Store
from tests.doubles.cloud import Cloud
from tests.doubles.provider import Provider

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
TARGETS, LISTENER = "aws:lb/targetGroup:TargetGroup", "aws:lb/listener:Listener"
KEY, ALIAS = "aws:kms/key:Key", "aws:kms/alias:Alias"
REPOSITORY, BUDGET = "aws:ecr/repository:Repository", "aws:budgets/budget:Budget"

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
MANAGED = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"


def clear(account: Account) -> None:
    """Delete on moto what is in an account, the last first: the names are another test's, too."""
    with Store(account.folder).reading() as world:
        rows = list(world.resources.values())
    for row in reversed(rows):
        with suppress(RefusedError):  # what moto never had
            Cloud(None, "eu-west-1").delete(row)


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
