"""What one entry of `axon:models` becomes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pulumi
import pulumi_kubernetes as k8s
import pytest
from axon_runtime.config import Limits
from google.protobuf import json_format

from components import ModelApi, Platform
from stacks.settings import Images, Model
from stacks.settings import Platform as PlatformSettings
from stacks.settings.model import Server
from stacks.settings.units import duration_seconds, quantity_value
from tests.unit.conftest import Recorder

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SCALED = "kubernetes:keda.sh/v1alpha1:ScaledObject"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
IMAGES = Images(registry="registry.example/axon")
Deploy = Callable[[Callable[[], Any]], Recorder]


def model(**settings: Any) -> Model:
    return Model.model_validate({"predictor": {"image": "registry.example/iris:1"}, **settings})


def program(settings: Model, **platform: Any) -> Callable[[], Any]:
    def run() -> Any:
        opts = pulumi.ResourceOptions(provider=k8s.Provider("cluster"))
        add_ons = Platform("platform", PlatformSettings(**platform), IMAGES, opts=opts)
        return ModelApi("iris", settings, IMAGES, platform=add_ons, opts=opts).url

    return run


@pytest.fixture
def iris(deploy: Deploy) -> Recorder:
    return deploy(program(model()))


def pod(recorder: Recorder) -> dict[str, Any]:
    return recorder.named(DEPLOYMENT)["iris"]["spec"]["template"]["spec"]


def test_the_docs_count_the_objects_of_a_model(iris: Recorder) -> None:
    made = [one for one in iris.resources if one.name == "iris" and one.typ.startswith("kubernetes:")]

    docs = (Path(__file__).parents[2] / "docs/aws.md").read_text()
    assert f"| **each model** | {len(made)} | {len(made)} |" in docs, [one.typ for one in made]


def test_the_autoscaler_owns_the_replica_count(iris: Recorder) -> None:
    assert "replicas" not in iris.named(DEPLOYMENT)["iris"]["spec"]
    assert iris.one(SCALED)["spec"]["scaleTargetRef"]["name"] == "iris"


def test_a_rollout_never_costs_capacity_by_default(iris: Recorder) -> None:
    strategy = iris.named(DEPLOYMENT)["iris"]["spec"]["strategy"]

    assert strategy["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 0}


def test_a_replica_may_do_nothing_but_serve(iris: Recorder) -> None:
    container = pod(iris)["containers"][0]

    assert pod(iris)["automountServiceAccountToken"] is False
    assert pod(iris)["securityContext"]["runAsNonRoot"] is True
    assert pod(iris)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_memory_is_limited_and_cpu_is_not(deploy: Deploy) -> None:
    recorder = deploy(program(model(compute={"cpu": "1", "mem": "1Gi"})))

    resources = pod(recorder)["containers"][0]["resources"]

    assert resources == {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}


def test_a_replica_drains_before_it_ends(iris: Recorder) -> None:
    drain = pod(iris)["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert 0 < drain < pod(iris)["terminationGracePeriodSeconds"]


def test_a_budget_never_blocks_the_drain_of_a_node(iris: Recorder) -> None:
    spec = iris.one(BUDGET)["spec"]

    assert spec["maxUnavailable"] == 1
    assert "minAvailable" not in spec


@pytest.mark.parametrize(
    ("networking", "path"), [({}, "/iris"), ({"endpoint": "/flowers/v1"}, "/flowers/v1")]
)
def test_the_route_leads_from_the_endpoint_to_the_root(
    deploy: Deploy, networking: dict[str, str], path: str
) -> None:
    rule = deploy(program(model(networking=networking))).one(ROUTE)["spec"]["rules"][0]

    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": path}}]
    assert rule["filters"][0]["urlRewrite"]["path"]["replacePrefixMatch"] == "/"


def test_every_object_is_a_child_of_its_component_and_uses_the_cluster_given(iris: Recorder) -> None:
    namespaced = [r for r in iris.resources if r.typ.startswith("kubernetes:")]

    assert namespaced
    assert all("cluster" in (r.provider or "") for r in namespaced)
    of_iris = [r for r in iris.resources if r.name == "iris" and r.custom]
    # The claim on its endpoint stands on the namespace itself.
    on_namespace = [r for r in of_iris if r.typ == "kubernetes:core/v1:NamespacePatch"]
    assert [r.inputs["metadata"]["name"] for r in on_namespace] == ["models"]
    assert {r.inputs["metadata"].get("namespace") for r in of_iris if r not in on_namespace} == {"models"}


def test_a_stack_on_a_shared_platform_installs_nothing(deploy: Deploy) -> None:
    recorder = deploy(program(model(), install=False, namespace="team-a"))

    assert not [
        r.typ
        for r in recorder.resources
        if "helm" in r.typ or ("Gateway" in r.typ.split(":")[-1] and r.custom)
    ]
    assert recorder.named(DEPLOYMENT)["iris"]["metadata"]["namespace"] == "team-a"


def test_component_tokens_never_change(iris: Recorder) -> None:
    ours = {r.typ for r in iris.resources if r.typ.startswith("axon:")}

    assert ours == {
        "axon:model_api:ModelApi",
        "axon:platform:Platform",
        "axon:platform:EndpointPolicies",
        "axon:platform:Gateway",
        "axon:platform:Keda",
        "axon:platform:MetricsServer",
        "axon:platform:Prometheus",
    }


def runtime(deploy: Deploy, folder: Path, **settings: Any) -> dict[str, Any]:
    """Return the container of a model that axon's own runtime serves."""
    predictor = {"type": "sklearn", "path": folder.name, **settings.pop("predictor", {})}
    return pod(deploy(program(model(predictor=predictor, **settings))))["containers"][0]


def test_the_runtime_is_told_what_differs_from_its_defaults(deploy: Deploy, model_folder: Path) -> None:
    server = {
        "max_queue_length": 7,
        "request_timeout": "2m",
        "batch_interval": "5ms",
        "max_body_size": "1.5Mi",
    }

    env = {entry["name"]: entry["value"] for entry in runtime(deploy, model_folder, server=server)["env"]}

    assert env["AXON_MODEL_NAME"] == "iris"
    told = json.loads(env["AXON_LIMITS"])
    assert told == {
        "max_queue_length": 7,
        "request_timeout": 120.0,
        "batch_interval": 0.005,
        "max_body_size": 1572864,
    }
    assert msgspec.convert(told, Limits).most == 107


def test_the_runtimes_own_defaults_are_those_of_the_settings() -> None:
    documented = Server().model_dump()

    for key in ("batch_interval", "request_timeout"):
        documented[key] = duration_seconds(documented[key])
    documented["max_body_size"] = int(quantity_value(documented["max_body_size"]))
    assert documented == msgspec.to_builtins(Limits())


def test_a_class_of_ones_own_is_given_its_config(deploy: Deploy, model_folder: Path) -> None:
    (model_folder / "predictor.py").touch()

    env = runtime(deploy, model_folder, predictor={"type": "python", "config": {"limits": [1, 2]}})["env"]

    assert {"name": "AXON_CONFIG", "value": '{"limits": [1, 2]}'} in env


def test_a_replica_has_time_to_end_the_longest_request(deploy: Deploy, model_folder: Path) -> None:
    predictor = {"type": "sklearn", "path": model_folder.name}
    spec = pod(deploy(program(model(predictor=predictor, server={"request_timeout": "5m"}))))

    drain = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert spec["terminationGracePeriodSeconds"] > drain + 300


def test_a_dead_replica_of_the_runtime_is_ended_after_a_minute(deploy: Deploy, model_folder: Path) -> None:
    probe = runtime(deploy, model_folder)["livenessProbe"]

    assert probe["periodSeconds"] * probe["failureThreshold"] == 60
    assert "livenessProbe" not in pod(deploy(program(model())))["containers"][0], "nobody knows its path"


def test_a_model_under_another_key_stays_what_it_is(deploy: Deploy) -> None:
    before = deploy(program(model()))

    def renamed() -> Any:
        platform = Platform("platform", PlatformSettings(), IMAGES)
        return ModelApi("flowers", model(moved_from="iris"), IMAGES, platform=platform).url

    after = deploy(renamed)

    def children(recorder: Recorder) -> dict[tuple[str, str], Any]:
        return {(r.typ, r.name): r.inputs for r in recorder.resources if r.name == "iris" and r.inputs}

    assert children(before)
    assert children(after) == children(before)
    assert "flowers" not in {r.name for r in after.resources}


# Of these the engine waits for nothing once the API server has them.
WITHOUT_WAIT = {"NetworkPolicy", "ServiceAccount", "PodDisruptionBudget"}


def test_the_engine_waits_for_no_object_longer_than_a_rollout_may_take(deploy: Deploy) -> None:
    secured = {"auth": {"api_keys": {"secret_names": ["clients"]}}}
    recorder = deploy(program(model(update_strategy={"timeout": "40s"}, networking=secured)))

    waits: dict[str, float] = {}
    for request in recorder.requests:
        kind = request.type.rsplit(":", 1)[-1]
        if request.name == "iris" and request.type.startswith("kubernetes:") and kind not in WITHOUT_WAIT:
            said = json_format.MessageToDict(request.object)["metadata"].get("annotations", {})
            skips = said.get("pulumi.com/skipAwait") == "true"
            waits[kind] = 0 if skips else float(request.customTimeouts.create[:-1])

    assert waits["Deployment"] == 50  # Kubernetes gives up after 40, and its word is then in the error
    assert waits["Service"] == 0
    assert all(0 <= seconds <= 60 for seconds in waits.values()), waits
    assert {"ScaledObject", "HTTPRoute", "BackendTrafficPolicy", "SecurityPolicyPatch"} <= set(waits)
