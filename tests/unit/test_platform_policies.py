"""Who reaches the platform's pods and what replicas reach; how many of each part there are."""

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
import yaml

from axon.toolchain import keda_chart
from components import ModelApi, Platform
from components.kubernetes_cluster import OnAws
from stacks.settings import Images, Model
from stacks.settings import Platform as PlatformSettings
from tests.unit.conftest import Recorder
from tests.unit.on_aws import EXISTING, cluster, on_aws
from tests.unit.test_model_api import model, program

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
PROXY = "kubernetes:gateway.envoyproxy.io/v1alpha1:EnvoyProxy"
RELEASE, CHART = "kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v4:Chart"
IMAGES = Images(registry="registry.example/axon")
FETCHES = {"predictor": {"type": "sklearn", "model": "s3://models/iris.joblib"}}
Deploy = Callable[[Callable[[], Any]], Recorder]


def deployed(
    deploy: Deploy,
    settings: dict[str, Any],
    make: Callable[[], OnAws | None] = lambda: None,
    **platform: Any,
) -> Recorder:
    def run() -> pulumi.Output[str]:
        aws = make()
        providers = [k8s.Provider("cluster"), *([aws.provider] if aws else [])]
        opts = pulumi.ResourceOptions(providers=providers)
        add_ons = Platform("platform", PlatformSettings(**platform), IMAGES, on_aws=aws, opts=opts)
        wanted = Model.model_validate(settings)
        return ModelApi("iris", wanted, IMAGES, platform=add_ons, on_aws=aws, opts=opts).url

    return deploy(run)


def egress(recorder: Recorder) -> list[dict[str, Any]]:
    return recorder.named(POLICY)["iris"]["spec"]["egress"]


def reached(rules: list[dict[str, Any]], address: str, port: int) -> bool:
    """Whether egress rules let a connection out, as the API of NetworkPolicies says."""
    for rule in rules:
        ports = [one["port"] for one in rule.get("ports", [])]
        if ports and port not in ports:
            continue
        for peer in rule["to"]:
            block = peer.get("ipBlock")
            if block is None:
                continue
            inside, out = ip_network(block["cidr"]), map(ip_network, block.get("except", []))
            where = ip_address(address)
            if where in inside and not any(where in one for one in out):
                return True
    return False


INTERNAL = [
    "169.254.169.254",
    "169.254.170.2",
    "fd00:ec2::254",
    "fe80::1",
    "10.96.0.1",
    "10.244.3.7",
    "172.20.0.1",
    "172.31.255.1",
    "192.168.1.1",
    "100.64.1.9",
    "fd12::1",
]


@pytest.mark.parametrize("address", INTERNAL)
def test_a_replica_that_fetches_reaches_nothing_of_the_cluster(deploy: Deploy, address: str) -> None:
    assert not reached(egress(deployed(deploy, FETCHES)), address, 443)


@pytest.mark.parametrize("address", ["52.218.0.1", "8.8.8.8", "2600:1fa0::1"])
def test_a_replica_that_fetches_reaches_the_internet_at_the_ports_of_its_store(
    deploy: Deploy, address: str
) -> None:
    rules = egress(deployed(deploy, FETCHES))

    assert reached(rules, address, 443)
    assert not reached(rules, address, 22)


def test_a_private_store_is_named_in_egress(deploy: Deploy) -> None:
    rules = egress(deployed(deploy, {**FETCHES, "egress": ["10.1.2.0/24"]}))

    assert reached(rules, "10.1.2.3", 9000)
    assert not reached(rules, "10.1.3.3", 443)


def test_internal_networks_may_be_said(deploy: Deploy) -> None:
    rules = egress(deployed(deploy, FETCHES, internal_networks=["198.51.100.0/24", "2001:db8::/32"]))

    assert reached(rules, "10.1.2.3", 443)
    assert not reached(rules, "198.51.100.7", 443)
    assert not reached(rules, "2001:db8::1", 443)
    assert not reached(rules, "169.254.169.254", 443)


def test_on_eks_the_vpcs_own_network_is_internal_whatever_it_is(deploy: Deploy) -> None:
    wanted = cluster(network={"existing": {**EXISTING, "cidr": "203.0.112.0/20"}})
    rules = egress(deployed(deploy, FETCHES, lambda: on_aws(wanted)))

    assert not reached(rules, "203.0.113.7", 443)
    assert reached(rules, "169.254.170.23", 80), "the agent that hands out the role's credentials"
    assert not reached(rules, "169.254.170.23", 443)
    assert reached(rules, "52.218.0.1", 443)


def test_every_pod_of_the_platform_has_a_policy_of_who_comes_in(deploy: Deploy) -> None:
    policies = deploy(program(model())).named(POLICY)
    whole = {one["metadata"]["namespace"] for one in policies.values() if one["spec"]["podSelector"] == {}}

    assert whole == {"envoy-gateway-system", "keda", "monitoring"}
    for name in ("envoy-gateway-system", "axon-gateway", "keda", "prometheus"):
        assert policies[name]["spec"]["policyTypes"] == ["Ingress"]
        assert {} not in policies[name]["spec"]["ingress"], "a rule without a word lets everything in"


def test_clients_reach_the_listeners_of_the_proxies_and_nothing_else(deploy: Deploy) -> None:
    tls = {"hostnames": ["a.example"], "secret_name": "certificate"}
    spec = deploy(program(model(), gateway={"tls": tls, "port": 8080})).named(POLICY)["axon-gateway"]["spec"]
    clients, prometheus = spec["ingress"]

    assert "from" not in clients
    assert [port["port"] for port in clients["ports"]] == [8080, 10443, 19003]
    assert prometheus["from"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    ]
    assert [port["port"] for port in prometheus["ports"]] == [19001]


@pytest.mark.parametrize(
    ("keda", "selector"),
    [(True, {"matchLabels": {"kubernetes.io/metadata.name": "keda"}}), (False, {})],
)
def test_prometheus_is_asked_by_keda(deploy: Deploy, keda: bool, selector: dict[str, Any]) -> None:
    (rule,) = deploy(program(model(), keda=keda)).named(POLICY)["prometheus"]["spec"]["ingress"]

    assert rule["from"] == [{"namespaceSelector": selector}]
    assert [port["port"] for port in rule["ports"]] == [9090]


def values(recorder: Recorder, name: str) -> dict[str, Any]:
    return {**recorder.named(RELEASE), **recorder.named(CHART)}[name]["values"]


def test_the_platform_outlives_a_node(deploy: Deploy) -> None:
    recorder = deploy(program(model()))
    proxies = recorder.one(PROXY)["spec"]["provider"]["kubernetes"]
    controller, keda = values(recorder, "gateway-helm"), values(recorder, "keda")

    assert proxies["envoyDeployment"]["replicas"] == 2
    assert proxies["envoyPDB"] == {"maxUnavailable": 1}
    assert controller["deployment"]["replicas"] == 2
    assert controller["podDisruptionBudget"] == {"minAvailable": 0, "maxUnavailable": 1}
    assert keda["operator"] == keda["metricsServer"] == {"replicaCount": 2}
    assert keda["podDisruptionBudget"] == {
        "operator": {"maxUnavailable": 1},
        "metricServer": {"maxUnavailable": 1},
    }
    spreads = [
        proxies["envoyDeployment"]["pod"]["topologySpreadConstraints"],
        controller["deployment"]["pod"]["topologySpreadConstraints"],
        *keda["topologySpreadConstraints"].values(),
    ]
    for rows in spreads:
        assert "kubernetes.io/hostname" in [row["topologyKey"] for row in rows]


def test_a_single_node_has_one_of_each(deploy: Deploy) -> None:
    recorder = deploy(program(model(), gateway={"replicas": 1}))
    proxies = recorder.one(PROXY)["spec"]["provider"]["kubernetes"]

    assert "envoyPDB" not in proxies
    assert "deployment" not in values(recorder, "gateway-helm")
    assert values(recorder, "keda")["operator"] == {"replicaCount": 1}
    assert "podDisruptionBudget" not in values(recorder, "keda")


def test_keda_reads_no_secrets(deploy: Deploy) -> None:
    keda = values(deploy(program(model())), "keda")

    assert keda["permissions"]["operator"]["restrict"]["secret"] is True
    assert keda["rbac"] == {"enabledCustomScaledRefKinds": False}, "else it may get every kind of object"


def test_the_local_chart_of_keda_gives_no_rights_on_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = [
        {"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get"]},
        {"apiGroups": ["*"], "resources": ["*/scale"], "verbs": ["get", "patch"]},
    ]
    role = {"kind": "ClusterRole", "metadata": {"name": "keda-operator"}, "rules": rules}
    monkeypatch.setattr(keda_chart, "_kustomized", lambda _module: yaml.safe_dump_all([role]))

    keda_chart.write_keda_chart(tmp_path, tmp_path / "chart")

    written = yaml.safe_load((tmp_path / "chart/templates/keda.yaml").read_text())
    assert written["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["apps"], "resources": ["deployments", "statefulsets"], "verbs": ["get"]},
        {
            "apiGroups": ["apps"],
            "resources": ["deployments/scale", "statefulsets/scale"],
            "verbs": ["get", "patch"],
        },
    ]
