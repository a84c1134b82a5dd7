"""What a resource is called, and what it says of itself."""

import re

from tests.doubles import Account
from tests.doubles.provider import Provider
from tests.doubles.wire import UNKNOWN
from tests.unit.doubles.helpers import BALANCER, BUCKET, CLUSTER, NUMBER, TEMPLATE, cluster, make, network


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
        assert re.fullmatch(r"cpu-\d{18}[0-9a-f]{8}", nodes.inputs["nodeGroupName"])
        assert not nodes.inputs["nodeGroupName"].removeprefix("cpu-").isdigit()
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
        assert ":loadbalancer/" in balancer.id
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
