"""What AWS refuses to change and to delete."""

import pytest

from tests.doubles import Account
from tests.doubles.account import RefusedError
from tests.doubles.provider import Provider
from tests.unit.doubles.helpers import BUCKET, CLUSTER, NODES, VPC, cluster, make, network


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
