"""The load balancer before the gateway: what it listens to, who may connect, what it leads to."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.platform.entrance import entrance
from components.platform.load_balancer import LoadBalancer
from components.platform.load_balancer_controller import permissions
from stacks.settings.aws.eks import EksCluster
from stacks.settings.aws.network import PRIVATE_RANGES
from stacks.settings.platform import Gateway
from tests.unit.conftest import Recorder, arn
from tests.unit.on_aws import EXISTING, cluster, on_aws

BALANCER, LISTENER = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener"
TARGETS, RECORD = "aws:lb/targetGroup:TargetGroup", "aws:route53/record:Record"
ADMITTED = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
LET_OUT = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
BINDING = "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding"
CERTIFICATE = "arn:aws:acm:eu-west-1:111122223333:certificate/1"
ACM = {"tls": {"certificate_arn": CERTIFICATE}}
NAMES = {"zone_id": "Z0123456789ABCDEFGHIJ", "hostnames": ["models.example.com", "ml.example.com"]}
ISSUER = {"tls": {"cluster_issuer": "letsencrypt"}, "dns": NAMES}
VPC = {"existing": EXISTING}
Deploy = Callable[[Callable[[], Any]], Recorder]


def made(deploy: Deploy, **balancer: Any) -> Recorder:
    return seen(deploy, 80, cluster(load_balancer=balancer, network=VPC))[0]


def seen(deploy: Deploy, port: int, settings: EksCluster) -> tuple[Recorder, list[str]]:
    """What is registered, and where clients are told to go."""
    urls: list[str] = []

    def program() -> pulumi.Output[None]:
        exposed = entrance(Gateway(port=port), settings.load_balancer).exposed
        balancer = LoadBalancer("load-balancer", on_aws(settings), exposed)
        balancer.bind("gateways", "gateway", opts=pulumi.ResourceOptions())
        return balancer.url.apply(urls.append)

    return deploy(program), urls


def listeners(recorder: Recorder) -> dict[int, tuple[str, int, int]]:
    """Of each port: the protocol, the port of the proxies, and the port of the gateway's Service."""
    proxies = {arn(name): targets["port"] for name, targets in recorder.named(TARGETS).items()}
    services = {
        row["spec"]["targetGroupARN"]: row["spec"]["serviceRef"]["port"] for row in recorder.all(BINDING)
    }
    found: dict[int, tuple[str, int, int]] = {}
    for row in recorder.all(LISTENER):
        target = row["defaultActions"][0]["targetGroupArn"]
        found[row["port"]] = (row["protocol"], proxies[target], services[target])
    return found


@pytest.fixture(scope="module")
def default(deploy: Deploy) -> Recorder:
    return made(deploy)


def test_without_tls_it_passes_http_on(default: Recorder) -> None:
    assert listeners(default) == {80: ("TCP", 10080, 80)}


def test_with_a_certificate_of_acm_it_ends_tls_itself(deploy: Deploy) -> None:
    recorder = made(deploy, **ACM)

    assert listeners(recorder) == {443: ("TLS", 10080, 80), 80: ("TCP", 8080, 8080)}
    https = recorder.named(LISTENER)["https"]
    assert https["certificateArn"] == CERTIFICATE
    assert https["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert "certificateArn" not in recorder.named(LISTENER)["http"]


def test_with_cert_manager_the_gateway_ends_tls(deploy: Deploy) -> None:
    recorder = made(deploy, **ISSUER)

    assert listeners(recorder) == {443: ("TCP", 10443, 443), 80: ("TCP", 10080, 80)}
    assert not any("certificateArn" in row for row in recorder.all(LISTENER))


def test_a_port_of_the_gateways_own_is_led_to(deploy: Deploy) -> None:
    assert listeners(seen(deploy, 8000, cluster(network=VPC))[0]) == {80: ("TCP", 8000, 8000)}


def test_everybody_may_connect_where_that_is_said(default: Recorder) -> None:
    rule = default.named(ADMITTED)["gateway-80-0.0.0.0/0"]

    assert (rule["fromPort"], rule["toPort"], rule["cidrIpv4"]) == (80, 80, "0.0.0.0/0")


def test_an_internal_one_lets_private_networks_in_by_default(deploy: Deploy) -> None:
    rules = made(deploy, scheme="internal").all(ADMITTED)

    assert {row["cidrIpv4"] for row in rules if "cidrIpv4" in row} == set(PRIVATE_RANGES)


def test_an_allow_list_lets_in_each_of_its_networks_on_each_port_and_no_other(deploy: Deploy) -> None:
    allow = ["203.0.113.0/24", "198.51.100.7/32"]
    rules = [row for row in made(deploy, allow=allow, **ACM).all(ADMITTED) if "cidrIpv4" in row]

    assert {(row["cidrIpv4"], row["fromPort"], row["toPort"]) for row in rules} == {
        (cidr, port, port) for cidr in allow for port in (80, 443)
    }
    assert {row["securityGroupId"] for row in rules} == {"gateway-id"}


def test_nodes_are_open_to_the_load_balancer_on_the_proxies_ports_alone(deploy: Deploy) -> None:
    recorder = made(deploy, **ISSUER)
    nodes = [row for row in recorder.all(ADMITTED) if row["securityGroupId"] == "sg-nodes"]

    assert {row["referencedSecurityGroupId"] for row in nodes} == {"gateway-id"}
    assert {row["fromPort"] for row in nodes} == {10080, 10443, 19003}
    assert {row["fromPort"] for row in recorder.all(LET_OUT)} == {10080, 10443, 19003}
    assert {row["referencedSecurityGroupId"] for row in recorder.all(LET_OUT)} == {"sg-nodes"}


@pytest.mark.parametrize(
    ("scheme", "internal", "digit"), [("internet-facing", False, 1), ("internal", True, 0)]
)
def test_the_scheme_says_where_it_stands(deploy: Deploy, scheme: str, internal: bool, digit: int) -> None:
    balancer = made(deploy, scheme=scheme).one(BALANCER)

    assert balancer["internal"] is internal
    assert balancer["subnets"] == [f"subnet-000000000000000{digit}a", f"subnet-000000000000000{digit}b"]


@pytest.mark.parametrize(
    ("client_ip", "preserved", "header"), [("preserved", "true", False), ("proxy_protocol", "false", True)]
)
def test_the_gateway_learns_the_clients_address(
    deploy: Deploy, client_ip: str, preserved: str, header: bool
) -> None:
    targets = made(deploy, client_ip=client_ip).one(TARGETS)

    assert (targets["preserveClientIp"], targets["proxyProtocolV2"]) == (preserved, header)


def test_a_proxy_that_drains_gets_no_new_connection(default: Recorder) -> None:
    targets = default.one(TARGETS)
    check = targets["healthCheck"]

    assert (check["protocol"], check["port"], check["path"]) == ("HTTP", "19003", "/ready")
    assert check["interval"] * check["unhealthyThreshold"] < targets["deregistrationDelay"]


def test_pods_are_its_targets(default: Recorder) -> None:
    assert default.one(TARGETS)["targetType"] == default.one(BINDING)["spec"]["targetType"] == "ip"
    assert default.one(BINDING)["metadata"]["namespace"] == "gateways"


def test_the_controller_may_change_these_targets(default: Recorder) -> None:
    condition = permissions(cluster())[1]["Condition"]["StringEquals"]

    tags = {f"aws:ResourceTag/{key}": value for key, value in default.one(TARGETS)["tags"].items()}
    assert condition.items() <= tags.items()


@pytest.mark.parametrize(
    ("balancer", "url"),
    [
        ({}, "http://nlb.example"),
        (ACM, "https://nlb.example"),
        ({**ACM, "dns": NAMES}, "https://models.example.com"),
        ({"dns": NAMES}, "http://models.example.com"),
    ],
)
def test_clients_are_told_its_first_name(deploy: Deploy, balancer: dict[str, Any], url: str) -> None:
    assert seen(deploy, 80, cluster(load_balancer=balancer, network=VPC))[1] == [url]


def test_each_name_leads_to_it(deploy: Deploy) -> None:
    records = made(deploy, dns=NAMES).named(RECORD)

    assert records.keys() == set(NAMES["hostnames"])
    for name, record in records.items():
        assert (record["name"], record["type"], record["zoneId"]) == (name, "A", NAMES["zone_id"])
        assert record["aliases"] == [{"name": "nlb.example", "zoneId": "Z0NLB", "evaluateTargetHealth": True}]


@pytest.mark.parametrize("protected", [True, False])
def test_it_is_deleted_by_mistake_only_where_nothing_is_protected(deploy: Deploy, protected: bool) -> None:
    recorder, _ = seen(deploy, 80, cluster(network=VPC, protected=protected))

    assert recorder.one(BALANCER)["enableDeletionProtection"] is protected
    assert recorder.options(BALANCER).protect is protected


KINDS = {"none": {}, "acm": ACM, "issuer": ISSUER}
# What AWS cannot change of a target group: tests/doubles/replacements.py, by the provider's schema.
_FIXED = ("port", "protocol", "targetType", "vpcId")


@pytest.mark.parametrize("after", KINDS)
@pytest.mark.parametrize("before", KINDS)
def test_tls_is_turned_on_off_or_changed_without_another_target_group(
    deploy: Deploy, before: str, after: str
) -> None:
    """The webhook of the load balancer's controller refuses a binding's other target group."""
    old, new = made(deploy, **KINDS[before]), made(deploy, **KINDS[after])

    for name in old.named(TARGETS).keys() & new.named(TARGETS).keys():
        one, other = old.named(TARGETS)[name], new.named(TARGETS)[name]
        assert [one[key] for key in _FIXED] == [other[key] for key in _FIXED]
    for name in old.named(BINDING).keys() & new.named(BINDING).keys():
        assert old.named(BINDING)[name]["spec"] == new.named(BINDING)[name]["spec"]


def test_a_target_group_that_is_made_again_gets_a_binding_of_its_own(default: Recorder) -> None:
    options = default.options(BINDING)

    assert set(options.replaceOnChanges) == {"spec.targetGroupARN", "spec.targetType"}
    assert options.deleteBeforeReplace


def test_clients_are_led_to_targets_that_are_there(deploy: Deploy) -> None:
    recorder = made(deploy, **ACM)

    for name, service_port in (("https", 80), ("http", 8080)):
        waited = {urn.split("::")[-1] for urn in recorder.options(LISTENER, name).dependencies}
        assert f"gateway-{service_port}" in waited
        assert any("TargetGroupBinding" in urn for urn in recorder.options(LISTENER, name).dependencies)
