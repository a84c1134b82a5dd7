"""The VPC that a stack's network settings become."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from components.network import Network
from stacks.settings.aws.network import NEEDED_WITHOUT_NAT
from tests.unit.conftest import Recorder, arn
from tests.unit.on_aws import ACCOUNT, CPU, EXISTING, cluster

ROUTE, NAT = "aws:ec2/route:Route", "aws:ec2/natGateway:NatGateway"
SUBNET, TABLE_OF = "aws:ec2/subnet:Subnet", "aws:ec2/routeTableAssociation:RouteTableAssociation"
ENDPOINT, GROUP = "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:ec2/securityGroup:SecurityGroup"
ADMITTED = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
FLOW_LOG, LOGS = "aws:ec2/flowLog:FlowLog", "aws:cloudwatch/logGroup:LogGroup"
ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
Deploy = Callable[[Callable[[], Any]], Recorder]


def made(deploy: Deploy, node_groups: dict[str, Any] | None = None, **settings: Any) -> Recorder:
    return deploy(lambda: Network("network", cluster(node_groups, network=settings)).vpc_id)


@pytest.fixture(scope="module")
def default(deploy: Deploy) -> Recorder:
    return made(deploy)


def ways_out(recorder: Recorder) -> dict[str, str]:
    """Where each route table leads what is not in the VPC."""
    return {
        route["routeTableId"].removesuffix("-id"): route.get("natGatewayId") or route["gatewayId"]
        for route in recorder.all(ROUTE)
        if route["destinationCidrBlock"] == "0.0.0.0/0"
    }


def test_every_zone_has_a_public_and_a_private_subnet(default: Recorder) -> None:
    zones = {name: subnet["availabilityZone"] for name, subnet in default.named(SUBNET).items()}

    assert zones == {f"{kind}-{zone}": zone for kind in ("public", "private") for zone in ZONES}


@pytest.mark.parametrize(("kind", "role"), [("public", "elb"), ("private", "internal-elb")])
def test_load_balancers_find_their_subnets_by_a_tag(default: Recorder, kind: str, role: str) -> None:
    tagged = {
        name
        for name, subnet in default.named(SUBNET).items()
        if f"kubernetes.io/role/{role}" in subnet["tags"]
    }

    assert tagged == {f"{kind}-{zone}" for zone in ZONES}


def test_public_subnets_reach_the_internet_by_the_gateway(default: Recorder) -> None:
    tables = {name: row["routeTableId"] for name, row in default.named(TABLE_OF).items()}

    assert {tables[f"public-{zone}"] for zone in ZONES} == {"public-id"}
    assert ways_out(default)["public"] == "internet-id"


def test_one_nat_gateway_serves_every_zone_by_default(default: Recorder) -> None:
    assert default.one(NAT)["subnetId"] == "public-eu-west-1a-id"
    assert {ways_out(default)[f"private-{zone}"] for zone in ZONES} == {"nat-eu-west-1a-id"}


def test_a_nat_gateway_for_each_zone_serves_its_own(deploy: Deploy) -> None:
    recorder = made(deploy, nat="per_zone")

    assert {nat["subnetId"] for nat in recorder.all(NAT)} == {f"public-{zone}-id" for zone in ZONES}
    assert {zone: ways_out(recorder)[f"private-{zone}"] for zone in ZONES} == {
        zone: f"nat-{zone}-id" for zone in ZONES
    }


def test_private_subnets_without_nat_reach_aws_and_nothing_else(deploy: Deploy) -> None:
    recorder = made(deploy, nat="none", interface_endpoints=list(NEEDED_WITHOUT_NAT))

    assert recorder.all(NAT) == []
    assert list(ways_out(recorder)) == ["public"]
    assert {"s3", "ecr-dkr", "sts"} <= recorder.named(ENDPOINT).keys()


def test_every_private_subnet_uses_the_route_table_of_its_zone(default: Recorder) -> None:
    tables = {name: row["routeTableId"] for name, row in default.named(TABLE_OF).items()}

    assert {tables[f"private-{zone}"] for zone in ZONES} == {f"private-{zone}-id" for zone in ZONES}


def test_images_and_models_do_not_go_through_nat(default: Recorder) -> None:
    s3 = default.named(ENDPOINT)["s3"]

    assert (s3["vpcEndpointType"], s3["serviceName"]) == ("Gateway", "com.amazonaws.eu-west-1.s3")
    assert s3["routeTableIds"] == [f"private-{zone}-id" for zone in ZONES]


def test_interface_endpoints_are_made_for_what_is_asked_and_open_to_the_vpc_alone(deploy: Deploy) -> None:
    recorder = made(deploy, cidr="10.4.0.0/16", interface_endpoints=["sts", "ecr.api"])
    endpoints = recorder.named(ENDPOINT)

    assert endpoints.keys() == {"s3", "sts", "ecr-api"}
    assert endpoints["ecr-api"]["serviceName"] == "com.amazonaws.eu-west-1.ecr.api"
    assert endpoints["ecr-api"]["subnetIds"] == [f"private-{zone}-id" for zone in ZONES]
    assert endpoints["ecr-api"]["privateDnsEnabled"] is True
    admitted = recorder.one(ADMITTED)
    assert (admitted["cidrIpv4"], admitted["fromPort"], admitted["toPort"]) == ("10.4.0.0/16", 443, 443)


def test_no_interface_endpoint_costs_anything_by_default(default: Recorder) -> None:
    assert list(default.named(ENDPOINT)) == ["s3"]
    assert default.all(GROUP) == []


def test_the_default_security_group_lets_nothing_through(default: Recorder) -> None:
    group = default.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")

    assert (group.get("ingress", []), group.get("egress", [])) == ([], [])


def test_nothing_gets_a_public_address_by_itself(default: Recorder) -> None:
    assert not any(subnet["mapPublicIpOnLaunch"] for subnet in default.all(SUBNET))


def test_nodes_in_public_subnets_get_public_addresses(deploy: Deploy) -> None:
    recorder = made(deploy, {"cpu": {**CPU, "subnets": "public"}})

    given = {name for name, subnet in recorder.named(SUBNET).items() if subnet["mapPublicIpOnLaunch"]}
    assert given == {f"public-{zone}" for zone in ZONES}


def test_flow_logs_are_of_refused_connections_and_kept_as_long_as_other_logs(deploy: Deploy) -> None:
    recorder = made(deploy, flow_logs=True)

    assert recorder.one(FLOW_LOG)["trafficType"] == "REJECT"
    assert recorder.one(FLOW_LOG)["logDestination"] == arn("flow-logs")
    assert recorder.one(LOGS)["retentionInDays"] == 30


def test_flow_logs_are_written_by_a_role_for_them_alone(deploy: Deploy) -> None:
    recorder = made(deploy, flow_logs=True)

    trusted = json.loads(recorder.one("aws:iam/role:Role")["assumeRolePolicy"])["Statement"][0]
    allowed = json.loads(recorder.one("aws:iam/rolePolicy:RolePolicy")["policy"])["Statement"][0]
    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    assert allowed["Resource"] == [f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/axon/lab/flow-logs:*"]


def test_flow_logs_are_off_by_default(default: Recorder) -> None:
    assert default.all(FLOW_LOG) == default.all(LOGS) == []


def test_a_vpc_that_is_there_already_gets_nothing(deploy: Deploy) -> None:
    recorder = made(deploy, existing=EXISTING, flow_logs=True, interface_endpoints=["sts"])

    assert [r.typ for r in recorder.resources if r.custom] == []


def test_a_vpc_that_is_there_already_is_used_by_zone(deploy: Deploy) -> None:
    found: dict[str, Any] = {}

    def program() -> None:
        network = Network("network", cluster(network={"existing": EXISTING}))
        found.update(vpc=network.vpc_id, cidr=network.cidr, private=network.subnets("private"))
        found.update(one=network.subnets("public", ["eu-west-1b"]))

    deploy(program)

    assert (found["vpc"], found["cidr"]) == ("vpc-0123456789abcdef0", "10.9.0.0/16")
    assert found["private"] == ["subnet-0000000000000000a", "subnet-0000000000000000b"]
    assert found["one"] == ["subnet-0000000000000001b"]


def test_names_say_which_cluster_they_are_of(default: Recorder) -> None:
    named = [r for r in default.resources if "tags" in r.inputs]

    assert len(named) > 10
    assert all(r.inputs["tags"]["Name"].startswith("lab") for r in named)


def test_a_nat_gateway_waits_for_the_internet_gateway(default: Recorder) -> None:
    assert any(urn.endswith("InternetGateway::internet") for urn in default.options(NAT).dependencies)
