"""What every model is given, so that its pods are safe and steady."""

from collections.abc import Callable
from typing import Any

import pytest

from components import ModelApi, Platform
from stacks.settings import Images, Model
from stacks.settings import Platform as PlatformSettings
from tests.unit.conftest import Recorder
from tests.unit.on_aws import EXISTING, cluster, on_aws
from tests.unit.test_model_api import DEPLOYMENT, model, pod, program

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ACCOUNT = "kubernetes:core/v1:ServiceAccount"
SAVED = {"type": "sklearn", "path": "p"}
Deploy = Callable[[Callable[[], Any]], Recorder]
pytestmark = pytest.mark.usefixtures("model_folder")


def policy(deploy: Deploy, platform: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    return deploy(program(model(**settings), **(platform or {}))).named(POLICY)["iris"]["spec"]


def policy_on_eks(deploy: Deploy, **settings: Any) -> dict[str, Any]:
    wanted = cluster(network={"existing": EXISTING})
    images = Images(registry=wanted.registry)
    given = Model.model_validate({"predictor": {"image": "registry.example/iris:1"}, **settings})

    def run() -> Any:
        platform = Platform("platform", PlatformSettings(install=False), images)
        return ModelApi("iris", given, images, platform=platform, on_aws=on_aws(wanted)).url

    return deploy(run).named(POLICY)["iris"]["spec"]


def callers(spec: dict[str, Any]) -> dict[str, list[int]]:
    """Who may connect, by namespace, and to which ports."""
    return {
        one["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]: [
            int(port["port"]) for port in rule["ports"]
        ]
        for rule in spec["ingress"]
        for one in rule["from"]
    }


def reached(spec: dict[str, Any]) -> dict[str, list[int] | None]:
    """The networks that a policy lets out to, with their ports; None: any."""
    return {
        to["ipBlock"]["cidr"]: [port["port"] for port in rule["ports"]] if "ports" in rule else None
        for rule in spec["egress"]
        for to in rule.get("to", [])
        if "ipBlock" in to
    }


def test_the_gateway_and_prometheus_reach_a_replica_and_nobody_else(deploy: Deploy) -> None:
    spec = policy(deploy, predictor=SAVED)

    assert spec["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "iris"}}
    assert callers(spec) == {"envoy-gateway-system": [8080], "monitoring": [8081]}


def test_an_image_is_reached_at_its_port_and_by_the_gateway_alone(deploy: Deploy) -> None:
    spec = policy(deploy, predictor={"image": "registry.example/iris:1", "port": 3000})

    assert callers(spec) == {"envoy-gateway-system": [3000]}


def test_a_prometheus_of_ones_own_asks_from_its_namespace(deploy: Deploy) -> None:
    mine = {"prometheus": {"url": "http://prometheus.observability:9090", "namespace": "observability"}}

    assert callers(policy(deploy, mine, predictor=SAVED))["observability"] == [8081]


def test_a_replica_reaches_dns_and_nothing_else(deploy: Deploy) -> None:
    spec = policy(deploy)

    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["egress"] == [
        {
            "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
            "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
        }
    ]


@pytest.mark.parametrize(
    ("url", "ports"),
    [
        ("s3://models/iris.joblib", [443]),
        ("gs://models/iris.joblib", [443]),
        ("https://models.example/iris.joblib", [443]),
        ("https://models.example:8443/iris.joblib", [8443]),
        ("http://models.example/iris.joblib", [80]),
        ("file:///models/iris.joblib", None),
    ],
)
def test_a_replica_reaches_what_it_fetches(deploy: Deploy, url: str, ports: list[int] | None) -> None:
    found = reached(policy(deploy, predictor={"type": "sklearn", "model": url}))

    assert found == ({"0.0.0.0/0": ports, "::/0": ports} if ports else {})


def test_a_replica_reaches_the_networks_that_the_model_names(deploy: Deploy) -> None:
    assert reached(policy(deploy, egress=["10.1.0.0/16"])) == {"10.1.0.0/16": None}
    assert policy(deploy, egress="all")["egress"] == [{}]
    assert policy(deploy, egress="none") == policy(deploy)


def test_a_model_with_a_role_reaches_aws_and_who_gives_it_credentials(deploy: Deploy) -> None:
    everywhere = {"0.0.0.0/0": [443], "::/0": [443]}

    assert reached(policy_on_eks(deploy, aws={"read": ["s3://models/"]})) == {
        **everywhere,
        "169.254.170.23/32": [80],
    }
    assert reached(policy_on_eks(deploy)) == {}


def test_no_replica_is_there_before_its_policy(deploy: Deploy) -> None:
    recorder = deploy(program(model(), install=False))

    assert [urn for urn in recorder.options(DEPLOYMENT).dependencies if "NetworkPolicy" in urn]


def test_each_model_has_an_identity_of_its_own_and_no_token(deploy: Deploy) -> None:
    recorder = deploy(program(model()))

    assert recorder.named(ACCOUNT)["iris"]["automountServiceAccountToken"] is False
    assert pod(recorder)["serviceAccountName"] == "iris"


def test_replicas_are_spread_where_there_is_a_choice(deploy: Deploy) -> None:
    spread = pod(deploy(program(model())))["topologySpreadConstraints"]

    assert [one["topologyKey"] for one in spread] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    for one in spread:
        assert one["whenUnsatisfiable"] == "ScheduleAnyway", "a zone without room holds nobody up"
        assert one["labelSelector"] == {"matchLabels": {"app.kubernetes.io/name": "iris"}}
        assert one["matchLabelKeys"] == ["pod-template-hash"], "replicas that go do not count"


def test_a_namespace_may_be_bounded(deploy: Deploy) -> None:
    recorder = deploy(program(model(), quota={"cpu": 20, "mem": "64Gi", "pods": 50}))

    quota = recorder.one("kubernetes:core/v1:ResourceQuota")
    assert quota["metadata"]["namespace"] == "models"
    assert quota["spec"]["hard"] == {"requests.cpu": "20", "requests.memory": "64Gi", "pods": "50"}
    (of_containers,) = recorder.one("kubernetes:core/v1:LimitRange")["spec"]["limits"]
    assert of_containers["type"] == "Container"
    assert of_containers["defaultRequest"].keys() == {"cpu", "memory"}, "the quota refuses pods without"


def test_a_namespace_is_not_bounded_by_default(deploy: Deploy) -> None:
    recorder = deploy(program(model()))

    assert not recorder.all("kubernetes:core/v1:ResourceQuota")
    assert not recorder.all("kubernetes:core/v1:LimitRange")
