"""What moves the replica count of a model, and how."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from stacks.settings import Model
from tests.unit.conftest import Recorder
from tests.unit.test_model_api import DEPLOYMENT, ROUTE, SCALED, model, program

PLAIN = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
POLICY = "kubernetes:gateway.envoyproxy.io/v1alpha1:BackendTrafficPolicy"
SAVED = {"type": "sklearn", "path": "p"}
Deploy = Callable[[Callable[[], Any]], Recorder]
pytestmark = pytest.mark.usefixtures("model_folder")


def scaled(deploy: Deploy, predictor: dict[str, Any] | None = None, **scaling: Any) -> dict[str, Any]:
    """The ScaledObject of a model."""
    settings = model(predictor=predictor or SAVED, autoscaling=scaling)
    return deploy(program(settings)).one(SCALED)["spec"]


def test_a_model_scales_on_its_requests_in_flight(deploy: Deploy) -> None:
    spec = scaled(deploy, min_replicas=2, max_replicas=7, target_in_flight=4, window="30s")

    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (2, 7)
    (trigger,) = spec["triggers"]
    assert (trigger["type"], trigger["metricType"]) == ("prometheus", "AverageValue")
    assert trigger["metadata"]["threshold"] == "4"
    assert trigger["metadata"]["serverAddress"] == "http://prometheus.monitoring:9090"
    assert trigger["metadata"]["query"] == (
        'sum(avg_over_time(axon_in_flight_requests{namespace="models",model_api="iris"}[30s]))'
    )


def test_what_a_model_begins_with_is_the_autoscalers_from_then_on(deploy: Deploy) -> None:
    recorder = deploy(program(model(autoscaling={"min_replicas": 0, "init_replicas": 3})))

    assert recorder.named(DEPLOYMENT)["iris"]["spec"]["replicas"] == 3
    assert recorder.options(DEPLOYMENT, "iris").ignoreChanges == ["spec.replicas"]
    assert recorder.one(SCALED)["spec"]["initialCooldownPeriod"] == 300, "nor does it sleep at once"


def test_what_begins_with_replicas_on_cpu_alone_is_keda_s(deploy: Deploy) -> None:
    scaling = {"target_cpu_utilization": 60, "init_replicas": 2}

    assert deploy(program(model(autoscaling=scaling))).one(SCALED)["spec"]["triggers"][0]["type"] == "cpu"


def test_an_image_of_ones_own_is_counted_at_the_gateway(deploy: Deploy) -> None:
    spec = scaled(deploy, {"image": "registry.example/iris:1"})

    assert spec["triggers"][0]["metadata"]["query"] == (
        "sum(avg_over_time(envoy_cluster_upstream_rq_active"
        '{envoy_cluster_name=~"httproute/models/iris/rule/.*"}[15s]))'
    )


@pytest.mark.parametrize(
    ("predictor", "server", "target"),
    [
        (SAVED, {}, 8),
        ({"type": "python", "path": "p"}, {"threads_per_process": 3}, 3),
        ({"type": "python", "path": "p"}, {"threads_per_process": 3, "processes_per_replica": 2}, 6),
        ({"image": "registry.example/iris:1"}, {}, 1),
        ({"image": "registry.example/iris:1"}, {"max_concurrency": 4}, 4),
    ],
)
def test_the_default_target_is_what_a_replica_does_at_once(
    predictor: dict[str, Any], server: dict[str, Any], target: float
) -> None:
    assert Model.model_validate({"predictor": predictor, "server": server}).target_in_flight == target


def test_a_model_without_replicas_is_woken_by_the_connections_that_the_gateway_is_refused(
    deploy: Deploy,
) -> None:
    recorder = deploy(program(model(predictor=SAVED, autoscaling={"min_replicas": 0})))

    spec = recorder.one(SCALED)["spec"]
    assert (spec["minReplicaCount"], spec["cooldownPeriod"]) == (0, 300)
    query = spec["triggers"][0]["metadata"]["query"]
    assert (
        'envoy_cluster_upstream_cx_connect_fail{envoy_cluster_name=~"httproute/models/iris/rule/.*"}' in query
    )
    assert query.count("or vector(0)") == 2, "no replica is no lost metric"
    policy = recorder.one(POLICY)["spec"]
    assert policy["routingType"] == "Service"
    assert policy["retry"]["numRetries"] == 603, "five minutes, half a second apart"
    assert recorder.one(ROUTE)["spec"]["rules"][0]["timeouts"] == {"request": "365s"}
    (override,) = policy["responseOverride"]
    assert override["source"] == "Local", "what a replica answers stays"
    assert override["match"]["statusCodes"] == [{"type": "Value", "value": 503}]
    assert [one["name"] for one in override["response"]["header"]["set"]] == ["retry-after"]
    assert json.loads(override["response"]["body"]["inline"])["error"], "else the gateway would send no body"


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ({"autoscaling": {"wake_timeout": "20s"}}, 20),
        ({"autoscaling": {"wake_timeout": "10m"}, "update_strategy": {"timeout": "15m"}}, 600),
        ({"update_strategy": {"timeout": "15m"}}, 900),
        ({"predictor": {"startup": {"initial_delay": "10s", "period": "5s", "failures": 10}}}, 60),
        ({"predictor": {"startup": {"period": "5s"}}}, 300),
    ],
)
def test_a_request_waits_for_the_first_replica_as_long_as_starting_may_take(
    deploy: Deploy, settings: dict[str, Any], seconds: int
) -> None:
    image = {"image": "registry.example/iris:1", **settings.get("predictor", {})}
    scaling = {"min_replicas": 0, **settings.get("autoscaling", {})}
    recorder = deploy(program(model(**{**settings, "predictor": image, "autoscaling": scaling})))

    assert recorder.one(POLICY)["spec"]["retry"]["numRetries"] == 2 * seconds + 3
    assert recorder.one(POLICY)["spec"]["timeout"]["http"]["streamIdleTimeout"] == f"{seconds + 65}s"
    assert recorder.one(ROUTE)["spec"]["rules"][0]["timeouts"] == {"request": f"{seconds + 65}s"}


def test_the_gateway_repeats_only_what_no_replica_has_begun(deploy: Deploy) -> None:
    recorder = deploy(program(model(predictor=SAVED)))

    retry = recorder.one(POLICY)["spec"]["retry"]
    assert retry["retryOn"]["triggers"] == ["connect-failure", "refused-stream", "reset-before-request"]
    assert "httpStatusCodes" not in retry["retryOn"]


def test_the_gateway_waits_longer_than_the_replica(deploy: Deploy) -> None:
    recorder = deploy(program(model(predictor=SAVED, server={"request_timeout": "2m"})))

    assert recorder.one(ROUTE)["spec"]["rules"][0]["timeouts"] == {"request": "125s"}


def test_lost_metrics_leave_the_replica_count(deploy: Deploy) -> None:
    spec = scaled(deploy)

    assert spec["fallback"] == {"failureThreshold": 3, "replicas": 1, "behavior": "currentReplicas"}
    assert spec["triggers"][0]["metadata"]["ignoreNullValues"] == "false", "no series is not no load"


def test_by_default_it_may_grow_tenfold_at_once_and_shrinks_by_a_quarter(deploy: Deploy) -> None:
    behavior = scaled(deploy)["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]

    assert behavior["scaleUp"] == {
        "stabilizationWindowSeconds": 0,
        "tolerance": "50m",
        "selectPolicy": "Max",
        "policies": [
            {"type": "Percent", "value": 900, "periodSeconds": 15},
            {"type": "Pods", "value": 1, "periodSeconds": 15},
        ],
    }
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] == 300
    assert behavior["scaleDown"]["policies"][0] == {"type": "Percent", "value": 25, "periodSeconds": 15}


def test_signals_together_are_triggers_of_one_object(deploy: Deploy) -> None:
    schedule = {
        "start": "0 8 * * 1-5",
        "end": "0 18 * * 1-5",
        "replicas": 5,
        "timezone": "Europe/Berlin",
    }
    spec = scaled(
        deploy,
        target_in_flight=2,
        target_cpu_utilization=60,
        target_memory_utilization=90,
        schedules=[schedule],
    )

    assert [trigger["type"] for trigger in spec["triggers"]] == ["prometheus", "cpu", "memory", "cron"]
    assert spec["triggers"][1] == {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60"}}
    assert spec["triggers"][3]["metadata"] == {
        "timezone": "Europe/Berlin",
        "start": "0 8 * * 1-5",
        "end": "0 18 * * 1-5",
        "desiredReplicas": "5",
    }


def test_cpu_alone_needs_no_keda(deploy: Deploy) -> None:
    recorder = deploy(program(model(autoscaling={"target_cpu_utilization": 60, "max_replicas": 7})))

    spec = recorder.one(PLAIN)["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (1, 7)
    assert spec["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 60}
    assert not recorder.all(SCALED)


def test_prometheus_scrapes_replicas_and_the_gateway_and_may_read_pods_alone(deploy: Deploy) -> None:
    recorder = deploy(program(model(predictor=SAVED)))

    config = yaml.safe_load(
        recorder.named("kubernetes:core/v1:ConfigMap")["prometheus"]["data"]["prometheus.yml"]
    )
    labels = recorder.named("kubernetes:apps/v1:Deployment")["iris"]["spec"]["template"]["metadata"]["labels"]
    selector = config["scrape_configs"][0]["kubernetes_sd_configs"][0]["selectors"][0]["label"]
    key, value = selector.split("=")
    assert labels[key] == value
    assert [job["job_name"] for job in config["scrape_configs"]] == ["models", "images", "gateway"]
    (role,) = recorder.all("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole")
    assert [(rule["resources"], rule["verbs"]) for rule in role["rules"]] == [
        (["pods"], ["get", "list", "watch"])
    ]


def test_a_cluster_that_has_prometheus_and_keda_is_given_none(deploy: Deploy) -> None:
    recorder = deploy(program(model(predictor=SAVED), keda=False, prometheus={"url": "http://mine.example"}))

    assert recorder.one(SCALED)["spec"]["triggers"][0]["metadata"]["serverAddress"] == "http://mine.example"
    assert not [r.name for r in recorder.resources if r.name in ("prometheus", "keda")]


@pytest.mark.parametrize(
    ("scaling", "message"),
    [
        (
            {"schedules": [{"start": "8:00", "end": "0 18 * * *", "replicas": 2}]},
            "not a time in five cron fields",
        ),
        (
            {"schedules": [{"start": "0 8 * * *", "end": "0 18 * * *", "replicas": 200}]},
            "a schedule wants 200 replicas, more than max_replicas, 100",
        ),
        (
            {
                "schedules": [
                    {"start": "0 8 * * *", "end": "0 9 * * *", "replicas": 2, "timezone": "Europe/Berln"}
                ]
            },
            '"Europe/Berln" is not a time zone (try Europe/Berlin)',
        ),
    ],
)
def test_wrong_scaling_is_refused(scaling: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        model(autoscaling=scaling)
