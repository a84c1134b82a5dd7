"""What a change means: an update, or a replacement, and in which order."""

from typing import Any

import pytest

from tests.doubles.provider import Provider
from tests.doubles.replacements import changes
from tests.unit.doubles.helpers import ATTACHMENT, BALANCER, CLUSTER, ENTRY, NODES, TAG, VPC


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
