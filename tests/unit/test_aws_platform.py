"""What a cluster on AWS gets beside the gateway and the metrics of any cluster."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
import yaml

from components import Platform
from components.kubernetes_cluster import Placement
from components.platform.cluster_autoscaler import priorities
from stacks.settings import Images, Stack
from stacks.settings import Platform as PlatformSettings
from stacks.settings.hosts import host_problems
from tests.unit.conftest import Recorder
from tests.unit.on_aws import CPU, EXISTING, cluster, on_aws

CHART, RELEASE = "kubernetes:helm.sh/v4:Chart", "kubernetes:helm.sh/v3:Release"
GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
PROXY = "kubernetes:gateway.envoyproxy.io/v1alpha1:EnvoyProxy"
TRAFFIC = "kubernetes:gateway.envoyproxy.io/v1alpha1:ClientTrafficPolicy"
KINDS = "kubernetes:yaml/v2:ConfigGroup"
BINDING = "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding"
ACM = {"certificate_arn": "arn:aws:acm:eu-west-1:111122223333:certificate/1"}
ZONE = "Z0123456789ABCDEFGHIJ"
NAMES = {"zone_id": ZONE, "hostnames": ["models.example.com", "ml.example.com"]}
SYSTEM_NODES = Placement({"axon.dev/role": "system"}, [{"key": "CriticalAddonsOnly", "operator": "Exists"}])
Deploy = Callable[[Callable[[], Any]], Recorder]


def made(
    deploy: Deploy,
    node_groups: dict[str, Any] | None = None,
    images: Images | None = None,
    **settings: Any,
) -> Recorder:
    wanted = cluster(node_groups, network={"existing": EXISTING}, **settings)

    def program() -> pulumi.Output[str]:
        aws = on_aws(wanted)
        opts = pulumi.ResourceOptions(providers=[k8s.Provider("cluster"), aws.provider])
        registry = images or Images(registry=wanted.registry)
        return Platform(
            "platform", PlatformSettings(), registry, placement=SYSTEM_NODES, on_aws=aws, opts=opts
        ).url

    return deploy(program)


@pytest.fixture(scope="module")
def default(deploy: Deploy) -> Recorder:
    return made(deploy)


def values(recorder: Recorder, chart: str) -> dict[str, Any]:
    return {**recorder.named(CHART), **recorder.named(RELEASE)}[chart]["values"]


def listeners(recorder: Recorder) -> dict[str, tuple[int, str, str | None]]:
    return {
        row["name"]: (row["port"], row["protocol"], row.get("hostname"))
        for row in recorder.one(GATEWAY)["spec"]["listeners"]
    }


def test_a_cluster_on_aws_gets_what_aws_takes(default: Recorder) -> None:
    charts = {*default.named(CHART), *default.named(RELEASE)}

    assert charts == {
        "aws-for-fluent-bit",
        "aws-load-balancer-controller",
        "cluster-autoscaler",
        "gateway-crds-helm",
        "gateway-helm",
        "keda",
        "metrics-server",
    }


def test_the_gateways_service_has_no_load_balancer_of_its_own(default: Recorder) -> None:
    kubernetes = default.one(PROXY)["spec"]["provider"]["kubernetes"]

    assert kubernetes["envoyService"]["type"] == "ClusterIP"
    assert default.one(BINDING)["spec"]["serviceRef"]["name"] == kubernetes["envoyService"]["name"]


def test_proxies_are_spread_over_zones(default: Recorder) -> None:
    pod = default.one(PROXY)["spec"]["provider"]["kubernetes"]["envoyDeployment"]["pod"]

    assert [row["topologyKey"] for row in pod["topologySpreadConstraints"]] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    assert pod["nodeSelector"] == {"axon.dev/role": "system"}


@pytest.mark.parametrize("chart", ["cluster-autoscaler", "aws-load-balancer-controller", "metrics-server"])
def test_the_platform_runs_on_the_system_nodes(default: Recorder, chart: str) -> None:
    found = values(default, chart)

    assert found["nodeSelector"] == {"axon.dev/role": "system"}
    assert found["tolerations"] == [{"key": "CriticalAddonsOnly", "operator": "Exists"}]


def test_tls_by_acm_redirects_what_comes_without_it(deploy: Deploy) -> None:
    recorder = made(deploy, load_balancer={"tls": ACM})

    assert listeners(recorder) == {"http": (80, "HTTP", None), "redirect": (8080, "HTTP", None)}
    rule = recorder.one(ROUTE)["spec"]["rules"][0]["filters"][0]["requestRedirect"]
    assert recorder.one(ROUTE)["spec"]["parentRefs"][0]["sectionName"] == "redirect"
    assert rule == {"scheme": "https", "statusCode": 308}


def test_tls_by_cert_manager_has_a_listener_and_a_certificate_for_each_name(deploy: Deploy) -> None:
    recorder = made(deploy, load_balancer={"tls": {"cluster_issuer": "letsencrypt"}, "dns": NAMES})

    assert listeners(recorder) == {
        "https-0": (443, "HTTPS", "models.example.com"),
        "https-1": (443, "HTTPS", "ml.example.com"),
        "redirect": (80, "HTTP", None),
    }
    gateway = recorder.one(GATEWAY)
    assert gateway["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "letsencrypt"
    certificates = [
        row["tls"]["certificateRefs"][0]["name"] for row in gateway["spec"]["listeners"] if "tls" in row
    ]
    assert certificates == ["axon-https-0", "axon-https-1"]


def test_no_model_can_answer_without_tls_where_there_is_tls(deploy: Deploy) -> None:
    recorder = made(deploy, load_balancer={"tls": ACM})

    allowed = {row["name"]: row["allowedRoutes"] for row in recorder.one(GATEWAY)["spec"]["listeners"]}
    assert allowed["redirect"]["namespaces"] == {"from": "Same"}
    labelled = {"matchLabels": {"axon.dev/gateway": "axon"}}
    assert allowed["http"]["namespaces"] == {"from": "Selector", "selector": labelled}


@pytest.mark.parametrize(("client_ip", "count"), [("preserved", 0), ("proxy_protocol", 1)])
def test_the_gateway_reads_the_header_that_the_load_balancer_writes(
    deploy: Deploy, client_ip: str, count: int
) -> None:
    spec = made(deploy, load_balancer={"client_ip": client_ip}).one(TRAFFIC)["spec"]

    assert ("proxyProtocol" in spec) == bool(count)


def test_the_autoscaler_is_of_the_clusters_minor_version(deploy: Deploy) -> None:
    assert values(made(deploy, version="1.35"), "cluster-autoscaler")["image"]["tag"].startswith("v1.35.")


def test_the_autoscaler_finds_the_clusters_groups_and_asks_for_the_highest_priority(
    default: Recorder,
) -> None:
    found = values(default, "cluster-autoscaler")

    assert found["autoDiscovery"] == {"clusterName": "lab"}
    assert found["extraArgs"]["expander"] == "priority,least-waste"
    assert yaml.safe_load(found["expanderPriorities"]) == priorities(cluster())


def test_the_highest_priority_comes_first() -> None:
    groups = {"a": {**CPU, "priority": 2}, "b": {**CPU, "priority": 50}, "c": {**CPU, "priority": 2}}

    found = priorities(cluster(groups))

    assert list(found) == [50, 2, 1]
    assert len(found[2]) == 2


def test_a_priority_is_of_its_group_alone_even_where_names_begin_alike() -> None:
    digits, uuid = "20261125" + "0" * 18, "12c7a1b4-0d1e-4f6a-9a5e-000000000000"
    names = ["cpu", "cpu-spot", "cpu-20261125", "spot", "c"]
    groups = {name: {**CPU, "priority": number} for number, name in enumerate(names, start=2)}
    patterns = priorities(cluster(groups))

    for number, name in enumerate(names, start=2):
        matched = [
            priority
            for priority, found in patterns.items()
            if any(re.match(pattern, f"eks-{name}-{digits}-{uuid}") for pattern in found)
        ]
        assert matched == [number], name


@pytest.mark.parametrize(
    ("nodes", "charts"),
    [
        ({"instance_types": ["g5.xlarge"]}, {"nvidia-device-plugin"}),
        ({"instance_types": ["g5.xlarge"], "image": "bottlerocket"}, set()),
        ({"instance_types": ["inf2.xlarge"]}, {"neuron-helm-chart"}),
        (CPU, set()),
    ],
)
def test_device_plugins_are_there_where_the_devices_are(
    deploy: Deploy, nodes: dict[str, Any], charts: set[str]
) -> None:
    plugins = {"nvidia-device-plugin", "neuron-helm-chart"}

    assert made(deploy, {"devices": nodes}).named(CHART).keys() & plugins == charts


def test_the_device_plugin_runs_on_the_nodes_that_have_the_devices(deploy: Deploy) -> None:
    found = values(made(deploy, {"gpu": {"instance_types": ["g5.xlarge"]}}), "nvidia-device-plugin")

    required = found["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert required["nodeSelectorTerms"][0]["matchExpressions"] == [
        {"key": "axon.dev/device-plugin", "operator": "In", "values": ["nvidia"]}
    ]


def test_logs_of_the_models_and_the_gateway_go_to_a_group_that_forgets(deploy: Deploy) -> None:
    recorder = made(deploy, logging={"retention_days": 7})
    group = recorder.one("aws:cloudwatch/logGroup:LogGroup")
    found = values(recorder, "aws-for-fluent-bit")

    assert (group["name"], group["retentionInDays"]) == ("/axon/lab/apis", 7)
    assert found["cloudWatchLogs"]["logGroupName"] == "/axon/lab/apis"
    assert found["cloudWatchLogs"]["autoCreateGroup"] is False
    assert "*_models_*" in found["input"]["path"]
    assert found["tolerations"] == [{"operator": "Exists"}]


def test_no_logs_are_kept_where_nobody_wants_them(deploy: Deploy) -> None:
    recorder = made(deploy, logging={"enabled": False})

    assert recorder.all("aws:cloudwatch/logGroup:LogGroup") == []
    assert "aws-for-fluent-bit" not in recorder.named(CHART)


def test_dns_records_are_kept_in_the_zones_that_are_named(deploy: Deploy) -> None:
    recorder = made(deploy, external_dns={"zone_ids": [ZONE]})

    assert values(recorder, "external-dns")["extraArgs"] == [f"--zone-id-filter={ZONE}"]
    assert values(recorder, "external-dns")["txtOwnerId"] == "lab"


def test_a_mirror_serves_every_image(deploy: Deploy) -> None:
    groups = {"gpu": {"instance_types": ["g6.xlarge"]}, "neuron": {"instance_types": ["inf2.xlarge"]}}
    mirrored = Images(registry="r.example/axon", mirror="mirror.example/x")
    recorder = made(deploy, groups, images=mirrored, external_dns={"zone_ids": [ZONE]})

    found = list(images_of([*recorder.all(CHART), *recorder.all(RELEASE), recorder.one(PROXY)]))
    assert len(found) >= 11
    assert [image for image in found if not image.startswith("mirror.example/x/")] == []


def images_of(part: Any) -> Iterator[str]:
    """Every image that the values of charts, or an object, name."""
    if isinstance(part, list):
        for row in part:
            yield from images_of(row)
    elif isinstance(part, dict):
        registry = [part["registry"]] if part.get("registry") else []
        if part.get("repository"):
            yield "/".join([*registry, part["repository"]])
        if isinstance(part.get("image"), str):
            yield part["image"]
        for row in part.values():
            yield from images_of(row)


def test_the_controllers_kinds_are_upgraded_with_it(default: Recorder) -> None:
    """Helm installs a chart's CustomResourceDefinitions once, and never again."""
    release = default.named(RELEASE)["aws-load-balancer-controller"]
    files = default.one(KINDS)["files"]

    assert release["skipCrds"] is True
    assert [f"/v{release['version']}/" in file for file in files] == [True, True]
    waited = default.options(RELEASE, "aws-load-balancer-controller").dependencies
    assert any("aws-load-balancer-controller-crds" in urn for urn in waited)


def test_each_part_has_a_role_of_its_own(default: Recorder) -> None:
    associations = default.all("aws:eks/podIdentityAssociation:PodIdentityAssociation")

    accounts = {row["serviceAccount"]: row["roleArn"] for row in associations}
    assert accounts.keys() == {"cluster-autoscaler", "aws-load-balancer-controller", "aws-for-fluent-bit"}
    assert len(set(accounts.values())) == 3
    for chart in ("aws-load-balancer-controller", "aws-for-fluent-bit"):
        assert values(default, chart)["serviceAccount"]["name"] in accounts
    assert values(default, "cluster-autoscaler")["rbac"]["serviceAccount"]["name"] in accounts


def test_names_of_the_gateway_are_nobody_elses(deploy: Deploy) -> None:
    recorder = made(deploy, load_balancer={"tls": {"cluster_issuer": "letsencrypt"}, "dns": NAMES})
    kind = "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy"
    rules = recorder.named(kind)["axon-claims"]["spec"]["validations"]

    (own,) = [rule["expression"] for rule in rules if "gateway's own" in rule.get("message", "")]
    assert own.startswith("object.metadata.name == 'models' || ")
    assert '["ml.example.com", "models.example.com", "nlb.example"]' in own


@pytest.mark.parametrize(
    ("hostname", "said"),
    [
        (
            "models.example.com",
            "is the gateway's own name, at which no other model would answer (leave it out)",
        ),
        ("*.example.com", "is the gateway's own name, at which no other model would answer (leave it out)"),
        ("vision.example.org", ""),
    ],
)
def test_no_model_hides_the_others_from_clients_of_the_gateways_name(hostname: str, said: str) -> None:
    balancer = {"tls": ACM, "dns": {**NAMES, "hostnames": ["models.example.com"]}}
    given = cluster(load_balancer=balancer)
    wanted = {"predictor": {"image": "registry.example/i:1"}, "networking": {"hostnames": [hostname]}}
    stack = Stack.model_validate({"cluster": given, "models": {"iris": wanted}})

    assert [problem.message for problem in host_problems(stack)] == ([f"{hostname} {said}"] if said else [])
