"""What an image of one's own is given: limits, probes, time, metrics, a protocol."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from components.platform import versions
from tests.unit.conftest import Recorder
from tests.unit.test_autoscaler import POLICY as TRAFFIC
from tests.unit.test_model_api import DEPLOYMENT, IMAGES, ROUTE, model, program
from tests.unit.test_safe_pods import POLICY, callers

IMAGE = {"image": "registry.example/iris:1"}
SERVICE = "kubernetes:core/v1:Service"
Deploy = Callable[[Callable[[], Any]], Recorder]


def made(deploy: Deploy, predictor: dict[str, Any] | None = None, **settings: Any) -> Recorder:
    return deploy(program(model(predictor={**IMAGE, **(predictor or {})}, **settings)))


def pod(recorder: Recorder) -> dict[str, Any]:
    return recorder.named(DEPLOYMENT)["iris"]["spec"]["template"]["spec"]


def container(deploy: Deploy, **predictor: Any) -> dict[str, Any]:
    return pod(made(deploy, predictor))["containers"][0]


def policies(recorder: Recorder) -> dict[str, Any]:
    return recorder.named(POLICY)["iris"]["spec"]


def proxy(recorder: Recorder) -> dict[str, Any]:
    (found,) = [one for one in pod(recorder)["initContainers"] if one["name"] == "admission"]
    return found


def clusters(recorder: Recorder) -> dict[str, dict[str, Any]]:
    """The clusters in the proxy's configuration, by name."""
    args = proxy(recorder)["args"]
    config = json.loads(args[args.index("--config-yaml") + 1])
    return {one["name"]: one for one in config["static_resources"]["clusters"]}


def test_a_proxy_is_before_an_image_only_where_a_limit_is_stated(deploy: Deploy) -> None:
    assert "initContainers" not in pod(made(deploy, server={"request_timeout": "5m"}))

    limited = made(deploy, server={"max_concurrency": 4, "max_queue_length": 7})

    found = clusters(limited)
    assert found["container"]["circuit_breakers"]["thresholds"][0]["max_connections"] == 4
    assert found["counted"]["circuit_breakers"]["thresholds"][0]["max_requests"] == 11
    assert proxy(limited)["image"] == versions.ENVOY_IMAGE
    assert proxy(limited)["restartPolicy"] == "Always", "so it ends after the predictor"
    assert proxy(limited)["securityContext"] == pod(limited)["containers"][0]["securityContext"]


def test_requests_come_by_the_proxy_and_by_no_other_way(deploy: Deploy) -> None:
    recorder = made(deploy, {"port": 3000}, server={"max_concurrency": 4})

    (port,) = proxy(recorder)["ports"]
    (service,) = recorder.named(SERVICE)["iris"]["spec"]["ports"]
    (rule,) = policies(recorder)["ingress"]
    assert service["targetPort"] == port["containerPort"] == rule["ports"][0]["port"] != 3000
    assert list(callers(policies(recorder))) == ["envoy-gateway-system"]
    assert pod(recorder)["containers"][0]["readinessProbe"]["httpGet"]["port"] == "http", "not the proxy's"


def test_a_node_has_to_hold_the_proxy_as_well() -> None:
    limited = model(predictor=IMAGE, server={"max_concurrency": 4, "max_body_size": "16Mi"})

    assert (limited.pod_compute.cpu, limited.pod_compute.mem) == ("250m", "704Mi")


def test_probes_may_ask_by_http_tcp_grpc_or_a_command(deploy: Deploy) -> None:
    found = container(
        deploy,
        readiness={"http": "/ok", "port": 9000, "initial_delay": "3s", "period": "4s", "successes": 2},
        liveness={"grpc": 9001, "service": "captions", "timeout": "5s", "failures": 9},
        startup={"command": ["/probe", "--started"], "period": "10s"},
    )

    assert found["readinessProbe"] == {
        "httpGet": {"path": "/ok", "port": 9000},
        "initialDelaySeconds": 3,
        "periodSeconds": 4,
        "successThreshold": 2,
        "failureThreshold": 2,
        "timeoutSeconds": 2,
    }
    assert found["livenessProbe"] == {
        "grpc": {"port": 9001, "service": "captions"},
        "periodSeconds": 10,
        "failureThreshold": 9,
        "timeoutSeconds": 5,
    }
    assert found["startupProbe"]["exec"] == {"command": ["/probe", "--started"]}
    assert found["startupProbe"]["periodSeconds"] * found["startupProbe"]["failureThreshold"] == 300


def test_starting_is_asked_what_readiness_is(deploy: Deploy) -> None:
    found = container(deploy, readiness={"tcp": 9000}, startup={"failures": 20})

    assert found["startupProbe"]["tcpSocket"] == found["readinessProbe"]["tcpSocket"] == {"port": 9000}
    assert found["startupProbe"]["failureThreshold"] == 20
    assert container(deploy)["startupProbe"]["httpGet"] == {"path": "/ready", "port": "http"}
    assert container(deploy, protocol="h2c")["startupProbe"]["tcpSocket"] == {"port": 8080}


def test_containers_beside_have_probes_of_their_own(deploy: Deploy) -> None:
    beside = {
        **{"name": "tokenizer", "image": "registry.example/tokenizer:2", "port": 9000},
        "liveness": {"http": "/alive"},
        "readiness": {"command": ["/ok"]},
        "pre_stop": {"sleep": "20s"},
    }
    (found,) = pod(made(deploy, {"containers": [beside]}))["initContainers"]

    assert found["livenessProbe"]["httpGet"] == {"path": "/alive", "port": 9000}
    assert found["readinessProbe"]["exec"] == {"command": ["/ok"]}
    assert found["startupProbe"]["tcpSocket"] == {"port": 9000}
    assert found["lifecycle"] == {"preStop": {"sleep": {"seconds": 20}}}


@pytest.mark.parametrize(
    ("predictor", "server", "hook", "grace"),
    [
        ({}, {}, {"sleep": {"seconds": 10}}, 80),
        ({}, {"request_timeout": "10m"}, {"sleep": {"seconds": 10}}, 620),
        ({"pre_stop": {"sleep": "30s"}}, {}, {"sleep": {"seconds": 30}}, 100),
        # Requests that wait before an image are answered before it may close its port.
        ({}, {"max_concurrency": 2}, {"sleep": {"seconds": 70}}, 140),
        ({}, {"max_concurrency": 2, "max_queue_length": 0}, {"sleep": {"seconds": 10}}, 80),
        ({"pre_stop": {"sleep": "15s"}}, {"max_concurrency": 2}, {"sleep": {"seconds": 15}}, 85),
        ({"pre_stop": {"command": ["/leave"]}}, {}, {"exec": {"command": ["/leave"]}}, 80),
        ({"stream_idle_timeout": "5m"}, {}, {"sleep": {"seconds": 10}}, 80),
        ({"stream_idle_timeout": "5m", "grace_period": "20m"}, {}, {"sleep": {"seconds": 10}}, 1200),
    ],
)
def test_a_replica_has_time_to_end_what_it_has(
    deploy: Deploy, predictor: dict[str, Any], server: dict[str, Any], hook: dict[str, Any], grace: int
) -> None:
    found = pod(made(deploy, predictor, server=server))

    assert found["containers"][0]["lifecycle"]["preStop"] == hook
    assert found["terminationGracePeriodSeconds"] == grace


def test_answers_have_the_time_that_the_model_says(deploy: Deploy) -> None:
    recorder = made(deploy, server={"request_timeout": "15m", "max_concurrency": 2})

    assert recorder.one(ROUTE)["spec"]["rules"][0]["timeouts"] == {"request": "905s"}
    assert recorder.one(TRAFFIC)["spec"]["timeout"]["http"]["streamIdleTimeout"] == "905s"
    assert '"max_stream_duration": "900s"' in proxy(recorder)["args"][1], "the proxy's word comes first"


def test_streams_end_when_they_are_silent_alone(deploy: Deploy) -> None:
    recorder = made(deploy, {"stream_idle_timeout": "2m"}, server={"max_concurrency": 2})

    assert recorder.one(ROUTE)["spec"]["rules"][0]["timeouts"] == {"request": "0s"}
    assert recorder.one(TRAFFIC)["spec"]["timeout"]["http"]["streamIdleTimeout"] == "125s"
    assert "max_stream_duration" not in proxy(recorder)["args"][1]
    assert '"stream_idle_timeout": "120s"' in proxy(recorder)["args"][1]


def test_the_gateway_lets_an_idle_connection_go_before_an_image_does(deploy: Deploy) -> None:
    plain, limited = made(deploy), made(deploy, server={"max_concurrency": 2})

    assert plain.one(TRAFFIC)["spec"]["timeout"]["http"]["connectionIdleTimeout"] == "1s"
    kept = limited.one(TRAFFIC)["spec"]["timeout"]["http"]["connectionIdleTimeout"]
    assert kept == "60s", "the proxy keeps it for longer"


def test_the_gateway_is_told_what_an_image_speaks(deploy: Deploy) -> None:
    def told(recorder: Recorder) -> Any:
        return recorder.named(SERVICE)["iris"]["spec"]["ports"][0].get("appProtocol")

    assert told(made(deploy)) is None
    recorder = made(deploy, {"protocol": "h2c"}, server={"max_concurrency": 3})
    assert told(recorder) == "kubernetes.io/h2c"
    options = clusters(recorder)["container"]["typed_extension_protocol_options"]
    (protocol,) = options.values()
    assert protocol["explicit_http_config"]["http2_protocol_options"] == {"max_concurrent_streams": 3}


def test_prometheus_asks_an_image_where_it_says_and_nowhere_else(deploy: Deploy) -> None:
    recorder = made(deploy, {"metrics_path": "/stats", "metrics_port": 9102})

    template = recorder.named(DEPLOYMENT)["iris"]["spec"]["template"]["metadata"]
    assert template["annotations"] == {"axon.dev/metrics-path": "/stats", "axon.dev/metrics-port": "9102"}
    config = recorder.named("kubernetes:core/v1:ConfigMap")["prometheus"]["data"]["prometheus.yml"]
    job = next(one for one in yaml.safe_load(config)["scrape_configs"] if one["job_name"] == "images")
    key, value = job["kubernetes_sd_configs"][0]["selectors"][0]["label"].split("=")
    assert template["labels"][key] == value
    assert callers(policies(recorder)) == {"envoy-gateway-system": [8080], "monitoring": [9102]}


def test_prometheus_asks_no_image_that_does_not_say(deploy: Deploy) -> None:
    recorder = made(deploy)

    template = recorder.named(DEPLOYMENT)["iris"]["spec"]["template"]["metadata"]
    assert "axon.dev/metrics" not in template["labels"]
    assert callers(policies(recorder)) == {"envoy-gateway-system": [8080]}


def test_metrics_of_an_image_are_not_taken_for_the_gateways_or_the_runtimes(deploy: Deploy) -> None:
    config = made(deploy).named("kubernetes:core/v1:ConfigMap")["prometheus"]["data"]["prometheus.yml"]
    job = next(one for one in yaml.safe_load(config)["scrape_configs"] if one["job_name"] == "images")

    assert {"action": "drop", "source_labels": ["__name__"], "regex": "(axon|envoy)_.*"} in job[
        "metric_relabel_configs"
    ]
    assert job["sample_limit"]


def test_images_are_pulled_with_the_secrets_of_the_stack_and_of_the_model(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tests.unit.test_model_api.IMAGES", IMAGES.model_copy(update={"pull_secrets": ["all"]})
    )

    recorder = made(deploy, {"image_pull_secrets": ["own", "all"]})

    assert pod(recorder)["imagePullSecrets"] == [{"name": "all"}, {"name": "own"}]


def test_the_platforms_parts_are_pulled_with_the_secrets_of_the_stack(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tests.unit.test_model_api.IMAGES", IMAGES.model_copy(update={"pull_secrets": ["all"]})
    )
    recorder = made(deploy)
    wanted = {"imagePullSecrets": [{"name": "all"}]}

    assert pod_of(recorder, "prometheus")["imagePullSecrets"] == wanted["imagePullSecrets"]
    values = {r.name: r.inputs["values"] for r in recorder.resources if "values" in r.inputs}
    assert {name: set(_secrets(found)) for name, found in values.items() if name != "gateway-crds-helm"} == {
        "gateway-helm": {"all"},
        "keda": {"all"},
        "metrics-server": {"all"},
    }
    proxies = recorder.one("kubernetes:gateway.envoyproxy.io/v1alpha1:EnvoyProxy")["spec"]["provider"]
    assert proxies["kubernetes"]["envoyDeployment"]["pod"]["imagePullSecrets"] == wanted["imagePullSecrets"]


def pod_of(recorder: Recorder, name: str) -> Any:
    return recorder.named(DEPLOYMENT)[name]["spec"]["template"]["spec"]


def _secrets(values: dict[str, Any]) -> list[str]:
    found = values.get("imagePullSecrets") or values.get("global", {}).get("imagePullSecrets") or []
    return [one["name"] for one in found]
