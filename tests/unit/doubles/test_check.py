"""What a provider says of inputs, before anything is made."""

import json
from typing import Any

import pytest

from tests.doubles.account import RefusedError
from tests.doubles.provider import Provider
from tests.doubles.wire import UNKNOWN
from tests.unit.doubles.helpers import (
    ADDON,
    BALANCER,
    BUCKET,
    CLUSTER,
    ENTRY,
    LOGS,
    NODES,
    POLICY,
    ROLE,
    RULE,
    TAG,
    TEMPLATE,
    TRUST,
    VPC,
    wrong,
)


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
            ({"launchTemplate": {"id": "lt-1", "name": "a", "version": "1"}}, "launchTemplate"),
            ({"labels": {"node-role.kubernetes.io/worker": ""}}, "labels"),
            ({"labels": {"a": "not a value"}}, "labels"),
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
            (ADDON, {"clusterName": "lab", "addonName": "coredns"}, "addonVersion"),
            (ADDON, {"addonVersion": "v1.0.0-eksbuild.1", "configurationValues": "{"}, "configurationValues"),
            (ENTRY, {"principalArn": "me"}, "principalArn"),
            (
                TEMPLATE,
                {"metadataOptions": {"httpPutResponseHopLimit": 65}},
                "metadataOptions.httpPutResponseHopLimit",
            ),
            (TEMPLATE, {"userData": "#!/bin/sh"}, "userData"),
            (RULE, {"cidrIpv4": "10.0.0.1/8"}, "cidrIpv4"),
            (RULE, {"cidrIpv4": "10.0.0.0/8", "toPort": 65536}, "toPort"),
            (
                RULE,
                {"cidrIpv4": "10.0.0.0/8", "referencedSecurityGroupId": "sg-1"},
                "referencedSecurityGroupId",
            ),
            (VPC, {"cidrBlock": "10.0.0.1/16"}, "cidrBlock"),
            (VPC, {"cidrBlock": "10.0.0.0/29"}, "cidrBlock"),
            (LOGS, {"retentionInDays": 31}, "retentionInDays"),
            (BUCKET, {"bucket": "Models"}, "bucket"),
            (BUCKET, {"bucket": "10.0.0.1"}, "bucket"),
            (BALANCER, {"name": "a" * 33, "subnets": ["a", "b"]}, "name"),
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
