"""What AWS' service models and moto refuse reaches the engine as an error that names the call."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.doubles import Account
from tests.doubles.account import RefusedError, Store
from tests.doubles.provider import Provider
from tests.unit.doubles.helpers import (
    ADDON,
    ALIAS,
    ATTACHMENT,
    BALANCER,
    BUCKET,
    BUDGET,
    CLUSTER,
    KEY,
    LISTENER,
    LOGS,
    MANAGED,
    NODE_INPUTS,
    NODES,
    NUMBER,
    POLICY,
    REPOSITORY,
    ROLE,
    SUBNET,
    TARGETS,
    TEMPLATE,
    TRUST,
    VPC,
    clear,
    cluster,
    cni,
    make,
    network,
    role,
)

Inputs = dict[str, Any]
ALLOWED = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::models/*"}],
    }
)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """Return the provider of an account for all tests here: a refusal leaves nothing in it."""
    account = Account(tmp_path_factory.mktemp("account"))
    yield Provider(Store(account.folder), NUMBER)
    clear(account)


@pytest.fixture(scope="module")
def valid(provider: Provider) -> dict[str, Inputs]:
    """Return inputs that are not refused, by type, beside a cluster and all that a node group needs."""
    vpc, subnets = network(provider)
    cluster(provider, subnets)
    role(provider)
    cni(provider)
    target = {"port": 80, "protocol": "TCP", "vpcId": vpc, "targetType": "ip"}
    group = make(provider, TARGETS, "first", name="first", **target)
    balancer = make(provider, BALANCER, "first", name="first", loadBalancerType="network", subnets=subnets)
    of_cluster = f"arn:aws:iam::{NUMBER}:role/cluster"
    forward = [{"type": "forward", "targetGroupArn": group}]
    return {
        VPC: {"cidrBlock": "10.0.0.0/16"},
        SUBNET: {"vpcId": vpc, "cidrBlock": "10.0.32.0/20"},
        CLUSTER: {"name": "other", "roleArn": of_cluster, "vpcConfig": {"subnetIds": subnets}},
        NODES: {**NODE_INPUTS, "subnetIds": subnets},
        ADDON: {"clusterName": "lab", "addonName": "coredns", "addonVersion": "v1.12.4-eksbuild.1"},
        TEMPLATE: {"name": "template"},
        ROLE: {"name": "other", "assumeRolePolicy": TRUST},
        POLICY: {"role": "node", "name": "p", "policy": ALLOWED},
        ATTACHMENT: {"role": "cluster", "policyArn": MANAGED.replace("WorkerNode", "Cluster")},
        LOGS: {"name": "logs"},
        ALIAS: {"name": "alias/lab", "targetKeyId": make(provider, KEY, "lab", description="lab")},
        BUCKET: {"bucket": "lab-models"},
        REPOSITORY: {"name": "lab/models"},
        BALANCER: {"name": "lab", "loadBalancerType": "network", "subnets": subnets},
        TARGETS: {**target, "name": "lab"},
        LISTENER: {"loadBalancerArn": balancer, "port": 80, "protocol": "TCP", "defaultActions": forward},
        BUDGET: {
            "budgetType": "COST",
            "timeUnit": "MONTHLY",
            "limitAmount": "10",
            "limitUnit": "USD",
        },
    }


@pytest.mark.parametrize(
    ("token", "change", "said"),
    [
        (VPC, {"cidrBlock": "10.0.0.0/8"}, "ec2:CreateVpc: .*InvalidVpc.Range"),
        (SUBNET, {"cidrBlock": "10.1.0.0/20"}, "ec2:CreateSubnet: .*InvalidSubnet.Range"),
        (SUBNET, {"cidrBlock": "10.0.8.0/21"}, "ec2:CreateSubnet: .*InvalidSubnet.Conflict"),
        (CLUSTER, {"name": "-lab"}, "eks:CreateCluster.name: '-lab' does not match"),
        (CLUSTER, {"name": "lab"}, "eks:CreateCluster: .*already exists"),
        (CLUSTER, {"enabledClusterLogTypes": ["apis"]}, "eks:CreateCluster.logging.*'apis' is not one of"),
        (CLUSTER, {"accessConfig": {"authenticationMode": "IAM"}}, "eks:CreateCluster.*'IAM' is not one of"),
        (CLUSTER, {"upgradePolicy": {"supportType": "LONG"}}, "eks:CreateCluster.*'LONG' is not one of"),
        (
            CLUSTER,
            {"kubernetesNetworkConfig": {"ipFamily": "ipv5"}},
            "eks:CreateCluster.*'ipv5' is not one of",
        ),
        (NODES, {"capacityType": "SPOTS"}, "eks:CreateNodegroup.capacityType: 'SPOTS' is not one of"),
        (NODES, {"amiType": "AL2023_X86"}, "eks:CreateNodegroup.amiType: 'AL2023_X86' is not one of"),
        (
            NODES,
            {"taints": [{"key": "a", "effect": "NoSchedule"}]},
            "eks:CreateNodegroup.taints.*'NoSchedule' is not one of",
        ),
        (NODES, {"instanceTypes": ["m7i.huge"]}, "eks:CreateNodegroup: m7i.huge does not exist"),
        (
            NODES,
            {"launchTemplate": {"name": "a", "version": "1"}, "diskSize": 20},
            "eks:CreateNodegroup: .*[Dd]isk size",
        ),
        (ADDON, {"resolveConflictsOnUpdate": "KEEP"}, "eks:UpdateAddon.*'KEEP' is not one of"),
        (TEMPLATE, {"metadataOptions": {"httpTokens": "yes"}}, "HttpTokens: 'yes' is not one of"),
        (TEMPLATE, {"metadataOptions": {"httpEndpoint": "yes"}}, "HttpEndpoint: 'yes' is not one of"),
        (
            TEMPLATE,
            {"blockDeviceMappings": [{"ebs": {"encrypted": "True"}}]},
            "Ebs.Encrypted: 'True' is not a boolean",
        ),
        (
            TEMPLATE,
            {"blockDeviceMappings": [{"ebs": {"volumeType": "gp4"}}]},
            "Ebs.VolumeType: 'gp4' is not one of",
        ),
        (ROLE, {"name": "a" * 65}, "iam:CreateRole.RoleName: 65 characters are more than 64"),
        (ROLE, {"name": "node"}, "iam:CreateRole: .*EntityAlreadyExists"),
        (POLICY, {"name": "a b"}, "iam:PutRolePolicy.PolicyName: 'a b' does not match"),
        (ATTACHMENT, {"policyArn": MANAGED + "x"}, "iam:AttachRolePolicy: .*NoSuchEntity"),
        (ATTACHMENT, {"policyArn": "arn"}, "iam:AttachRolePolicy.PolicyArn: 3 characters are fewer"),
        (LOGS, {"name": "a b"}, "logs:CreateLogGroup.logGroupName: 'a b' does not match"),
        (REPOSITORY, {"name": "lab//models"}, "ecr:CreateRepository.repositoryName.*does not match"),
        (REPOSITORY, {"imageTagMutability": "NEVER"}, "ecr:CreateRepository.*'NEVER' is not one of"),
        (
            REPOSITORY,
            {"encryptionConfigurations": [{"encryptionType": "RSA"}]},
            "ecr:CreateRepository.*'RSA' is not one of",
        ),
        (ALIAS, {"targetKeyId": None}, "kms:CreateAlias.TargetKeyId is required"),
        (BALANCER, {"loadBalancerType": "fast"}, "elbv2:CreateLoadBalancer.Type: 'fast' is not one of"),
        (TARGETS, {"name": "a" * 33}, "elbv2:CreateTargetGroup: .*longer than '32'"),
        (TARGETS, {"name": "-lab"}, "elbv2:CreateTargetGroup: .*must satisfy"),
        (TARGETS, {"port": 65536}, "elbv2:CreateTargetGroup.Port: 65536 are more than 65535"),
        (TARGETS, {"protocol": "QUICK"}, "elbv2:CreateTargetGroup.Protocol: 'QUICK' is not one of"),
        (TARGETS, {"targetType": "pod"}, "elbv2:CreateTargetGroup.TargetType: 'pod' is not one of"),
        (LISTENER, {"port": 0}, "elbv2:CreateListener.Port: 0 are fewer than 1"),
        (LISTENER, {"protocol": "QUICK"}, "elbv2:CreateListener.Protocol: 'QUICK' is not one of"),
        (BUDGET, {"timeUnit": "WEEKLY"}, "budgets:CreateBudget.Budget.TimeUnit: 'WEEKLY' is not one of"),
        (BUDGET, {"limitAmount": "much"}, "budgets:CreateBudget.*'much' does not match"),
    ],
)
def test_what_aws_refuses_is_an_error(
    provider: Provider, valid: dict[str, Inputs], token: str, change: Inputs, said: str
) -> None:
    with pytest.raises(RefusedError, match=said):
        make(provider, token, "x", **{**valid[token], **change})


def test_what_aws_takes_is_made(provider: Provider, valid: dict[str, Inputs]) -> None:
    for token, inputs in valid.items():
        make(provider, token, "x", **inputs)
