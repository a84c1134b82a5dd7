"""The kinds of change whose reports are kept in golden/, one function each."""

from collections.abc import Callable
from typing import Any

from axon.report.preview import value_at
from components.platform.versions import ENVOY_IMAGE
from tests.unit.gitops.scenarios import (
    AUTOSCALER,
    DEPLOYMENT,
    IMAGE,
    IRIS,
    REPOSITORY,
    ROUTE,
    SCALED_OBJECT,
    World,
    of,
)

CLUSTER = "aws:eks/cluster:Cluster"
NODES = "aws:eks/nodeGroup:NodeGroup"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
CONTAINER = "spec.template.spec.containers[0]"
WHO = "kubernetes:gateway.envoyproxy.io/v1alpha1:SecurityPolicy"
TRAFFIC = "kubernetes:gateway.envoyproxy.io/v1alpha1:BackendTrafficPolicy"
SPLITTER = "axon:traffic_splitter:TrafficSplitter"
PATH = "spec.rules[0].matches[0].path.value"


def nothing() -> World:
    return World()


def new_image() -> World:
    world = World()
    world.update(DEPLOYMENT, IRIS, {IMAGE: f"{REPOSITORY}:77aa0c11de54f0b2"})
    return world


def compute() -> World:
    world = World()
    world.models[IRIS]["compute"] = {"cpu": "400m", "mem": "1Gi"}
    changes = {"requests.cpu": "400m", "requests.memory": "1Gi", "limits.memory": "1Gi"}
    world.update(DEPLOYMENT, IRIS, {f"{CONTAINER}.resources.{key}": value for key, value in changes.items()})
    return world


def rollout_with_a_gap() -> World:
    world = new_image()
    world.models[IRIS]["update_strategy"] = {"max_surge": "0", "max_unavailable": "1"}
    rolling = "spec.strategy.rollingUpdate"
    changes = {
        IMAGE: f"{REPOSITORY}:77aa0c11de54f0b2",
        f"{rolling}.maxUnavailable": 1,
        f"{rolling}.maxSurge": 0,
    }
    world.update(DEPLOYMENT, IRIS, changes)
    return world


def new_model() -> World:
    world = World()
    world.models["iris-copy"] = dict(world.models[IRIS])
    world.create(IRIS, "iris-copy")
    return world


def removed_model() -> World:
    world = World()
    del world.models["digits-classifier"]
    world.delete("digits-classifier", "digits", "onnx")
    return world


def renamed_model() -> World:
    world = World()
    world.models["iris-v2"] = world.models.pop(IRIS)
    world.create(IRIS, "iris-v2")
    world.delete(IRIS)
    return world


SUM = "0" * 64


def another_model() -> World:
    """A model that replicas fetch: its place stands in their environment."""
    world = World()
    old, new = "s3://axon-models/iris/1.joblib", "s3://axon-models/iris/2.joblib"
    world.before = world.before.replace("path: predictors/iris", f'model: {old}, sha256: "{SUM}"')
    world.models[IRIS]["predictor"] = {"type": "sklearn", "model": new, "sha256": SUM}
    step = world.find(DEPLOYMENT, IRIS)
    for state in ("oldState", "newState"):
        container = step[state]["inputs"]["spec"]["template"]["spec"]["containers"][0]
        container["env"].append({"name": "AXON_MODEL", "value": old})
    world.update(DEPLOYMENT, IRIS, {f"{CONTAINER}.env[1].value": new})
    return world


def replicas() -> World:
    world = World()
    world.models[IRIS]["autoscaling"] = {"min_replicas": 2, "max_replicas": 20}
    world.update(
        SCALED_OBJECT,
        IRIS,
        {"spec.minReplicaCount": 2, "spec.maxReplicaCount": 20, "spec.fallback.replicas": 2},
    )
    return world


def sleeps() -> World:
    world = World()
    world.models[IRIS]["autoscaling"] = {"min_replicas": 0, "max_replicas": 4}
    query = "(sum(axon_in_flight_requests) or vector(0)) + (sum(refused) or vector(0))"
    world.update(SCALED_OBJECT, IRIS, {"spec.minReplicaCount": 0, "spec.triggers[0].metadata.query": query})
    return world


def paused() -> World:
    world = World()
    world.models[IRIS]["paused"] = True
    annotations = {"pulumi.com/waitFor": "condition=Ready", "autoscaling.keda.sh/paused-replicas": "0"}
    world.update(SCALED_OBJECT, IRIS, {"metadata.annotations": annotations})
    return world


def scales_on_cpu() -> World:
    world = World()
    world.models[IRIS]["autoscaling"]["target_cpu_utilization"] = 70
    scaled = world.find(SCALED_OBJECT, IRIS)
    state = world.find(ROUTE, IRIS)["newState"]
    urn = scaled["urn"].replace(SCALED_OBJECT, AUTOSCALER)
    inputs = {"kind": "HorizontalPodAutoscaler", "spec": {"minReplicas": 1, "maxReplicas": 4}}
    new = {"urn": urn, "custom": True, "type": AUTOSCALER, "inputs": inputs, "parent": state["parent"]}
    world.steps[urn] = {"op": "create", "urn": urn, "newState": new, "detailedDiff": None}
    scaled["op"] = "delete"
    del scaled["newState"]
    return world


def renamed_endpoint() -> World:
    world = World()
    world.models[IRIS]["networking"] = {"endpoint": "/flowers"}
    world.update(ROUTE, IRIS, {PATH: "/flowers"})
    return world


def an_api_key() -> World:
    """A policy of whom to let in comes beside the route, and with it what waits for the gateway's word."""
    world = World()
    world.models[IRIS]["networking"] = {"auth": {"api_keys": {"secret_names": ["clients"]}}}
    spec = {"apiKeyAuth": {"credentialRefs": [{"name": "clients"}]}}
    world.add(ROUTE, IRIS, WHO, spec)
    world.add(ROUTE, IRIS, f"{WHO}Patch", {})
    return world


def limits_of_an_image() -> World:
    world = World()
    like = value_at(world.find(DEPLOYMENT, IRIS)["newState"]["inputs"], CONTAINER)
    kept = {key: like[key] for key in ("resources", "securityContext")}
    world.update(
        DEPLOYMENT,
        IRIS,
        {
            "spec.template.spec.initContainers": [{"name": "admission", "image": ENVOY_IMAGE, **kept}],
            "spec.template.spec.terminationGracePeriodSeconds": 915,
            f"{CONTAINER}.readinessProbe.periodSeconds": 9,
        },
    )
    world.update(ROUTE, IRIS, {"spec.rules[0].timeouts.request": "905s"})
    world.update(TRAFFIC, IRIS, {"spec.timeout": {"http": {"streamIdleTimeout": "905s"}}})
    return world


def rate_limit() -> World:
    world = World()
    world.models[IRIS]["networking"] = {"rate_limit": {"requests": 50}}
    rule = {"limit": {"requests": 50, "unit": "Second"}}
    world.update(TRAFFIC, IRIS, {"spec.rateLimit": {"type": "Local", "local": {"rules": [rule]}}})
    return world


def new_splitter() -> World:
    return _split(80, "create")


def other_weights() -> World:
    world = _split(50, "update")
    world.before = new_splitter().after
    before = world.steps[_route_of(world)]["newState"]["inputs"]
    world.steps[_route_of(world)]["oldState"] = {"inputs": {**before, "spec": _spec(80)}}
    return world


def _split(weight: int, op: str) -> World:
    world = World()
    names = (IRIS, "digits-classifier")
    apis = [{"name": n, "weight": w} for n, w in zip(names, (weight, 100 - weight), strict=True)]
    world.settings["axon:traffic_splitters"] = {"flowers": {"apis": apis}}
    stack = world.find(ROUTE, IRIS)["urn"].rsplit("::", 2)[0]
    component = f"{stack}::{SPLITTER}::flowers"
    for urn, inputs, custom in (
        (component, {}, False),
        (_route_of(world), {"spec": _spec(weight)}, True),
    ):
        kind = urn.split("::")[2].rsplit("$", 1)[-1]
        state = {"urn": urn, "custom": custom, "type": kind, "inputs": inputs}
        state |= {"parent": component} if custom else {}
        does = op if custom or op == "create" else "same"
        world.steps[urn] = {"op": does, "urn": urn, "newState": state, "detailedDiff": None}
    if op == "update":
        path = "spec.rules[0].backendRefs[0].weight"
        world.steps[_route_of(world)]["detailedDiff"] = {path: {"kind": "update", "inputDiff": True}}
    return world


def _route_of(world: World) -> str:
    stack = world.find(ROUTE, IRIS)["urn"].rsplit("::", 2)[0]
    return f"{stack}::{SPLITTER}${ROUTE}::flowers"


def _spec(weight: int) -> dict[str, Any]:
    match = {"path": {"type": "PathPrefix", "value": "/flowers"}}
    backends = [{"name": IRIS, "weight": weight}, {"name": "digits-classifier", "weight": 100 - weight}]
    return {"rules": [{"matches": [match], "filters": [], "backendRefs": backends}]}


def several_at_once() -> World:
    world = replicas()
    world.models["digits-classifier"]["compute"] = {"cpu": "400m"}
    world.update(DEPLOYMENT, "digits-classifier", {f"{CONTAINER}.resources.requests.cpu": "400m"})
    world.groups["cpu-spot"]["max_instances"] = 9
    world.as_engine("max")
    return world


def more_nodes() -> World:
    world = World()
    world.groups["cpu-spot"]["max_instances"] = 9
    world.as_engine("max")
    return world


def instance_type() -> World:
    world = World()
    world.groups["cpu"]["instance_types"] = ["m7i.xlarge"]
    world.as_engine("types")
    return world


def disk() -> World:
    world = World()
    world.groups["cpu"]["disk"] = {"size": 100}
    world.as_engine("disk")
    return world


def new_node_group() -> World:
    world = World()
    world.groups["gpu"] = {"instance_types": ["g5.xlarge"], "min_instances": 0, "max_instances": 2}
    world.create("cpu", "gpu")
    step = world.find(NODES, "gpu")
    step["newState"]["inputs"] |= {
        "instanceTypes": ["g5.xlarge"],
        "scalingConfig": {"minSize": 0, "maxSize": 2, "desiredSize": 0},
    }
    return world


def removed_node_group() -> World:
    world = World()
    del world.groups["cpu"]
    tags = [urn.rsplit("::", 1)[-1] for urn in world.steps if urn.rsplit("::", 1)[-1].startswith("cpu-")]
    world.delete("cpu", *(tag for tag in tags if not tag.startswith("cpu-spot")))
    return world


def third_zone() -> World:
    world = World()
    world.settings["axon:cluster"]["network"]["zone_count"] = 3
    world.as_engine("zone")
    return world


def kubernetes_version() -> World:
    world = World()
    world.before = world.before.replace('"1.36"', '"1.35"')
    for kind, name in ((CLUSTER, "axon-dev-eksCluster"), *((NODES, name) for name in world.groups)):
        step = world.find(kind, name)
        step["oldState"]["inputs"]["version"] = "1.35"
        world.update(kind, name, {"version": "1.36"})
    return world


def another_cluster_name() -> World:
    world = World()
    world.settings["axon:cluster"]["name"] = "axon-dev2"
    world.as_engine("name")
    return world


def open_kubernetes_api() -> World:
    world = World()
    world.settings["axon:cluster"]["endpoint"] = {"anywhere": True}
    world.update(CLUSTER, "axon-dev-eksCluster", {"vpcConfig.publicAccessCidrs": ["0.0.0.0/0"]})
    return world


def clients_of_another_network() -> World:
    world = World()
    world.settings["axon:cluster"]["load_balancer"]["allow"].append("198.51.100.0/24")
    old, new = "203.0.113.0/24", "198.51.100.0/24"
    step = world.find(RULE, f"gateway-80-{old}")
    state = {**step["newState"], "urn": step["urn"].replace(old, new)}
    state["inputs"] = {**state["inputs"], "cidrIpv4": new}
    world.steps[state["urn"]] = {"op": "create", "urn": state["urn"], "newState": state, "detailedDiff": None}
    return world


def platform_image() -> World:
    world = World()
    world.update(DEPLOYMENT, "prometheus", {IMAGE: "quay.io/prometheus/prometheus:v3.9.0"})
    return world


def new_stack() -> World:
    world = World()
    world.as_new()
    return world


def secrets() -> World:
    """A secret in the config, in an env and in a URL."""
    world = World()
    config = {"api_key": "sk-live-0123456789", "upstream": "https://axon:hunter2hunter2@models.example/v1"}
    world.models[IRIS]["predictor"] = {"type": "python", "path": "predictors/iris", "config": config}
    world.settings["datadog:apiKey"] = {"secure": "v1:aaaabbbbcccc:ciphertext"}
    env = [
        {"name": "AXON_MODEL_NAME", "value": IRIS},
        {"name": "DB_PASSWORD", "value": "correct-horse-battery"},
    ]
    env.append({"name": "AXON_CONFIG", "value": '{"api_key": "sk-live-0123456789"}'})
    world.update(DEPLOYMENT, IRIS, {f"{CONTAINER}.env": env})
    step = world.find(DEPLOYMENT, IRIS)
    paths = [f"{CONTAINER}.env[1]", f"{CONTAINER}.env[1].value", f"{CONTAINER}.env[2]"]
    step["detailedDiff"] = {path: {"kind": "add", "inputDiff": True} for path in paths}
    return world


def one_replica_in_production() -> World:
    world = of("prod")
    world.models[IRIS]["autoscaling"]["min_replicas"] = 1
    world.update(SCALED_OBJECT, IRIS, {"spec.minReplicaCount": 1})
    return world


def latest_image_in_production() -> World:
    world = of("prod")
    image = "registry.example/iris:latest"
    world.models[IRIS]["predictor"] = {"image": image}
    world.update(DEPLOYMENT, IRIS, {IMAGE: image})
    return world


def over_budget() -> World:
    world = of("prod")
    world.groups["cpu"]["min_instances"] = 18
    world.settings["axon:cluster"]["budget"]["monthly_usd"] = 2000
    world.before = world.before.replace("monthly_usd: 5000", "monthly_usd: 2000")
    step = world.find(NODES, "cpu")
    sizes = {"minSize": 2, "maxSize": 20, "desiredSize": 2}
    step["oldState"]["inputs"]["scalingConfig"], step["newState"]["inputs"]["scalingConfig"] = (
        sizes,
        dict(sizes),
    )
    world.update(NODES, "cpu", {"scalingConfig.minSize": 18})
    return world


def local_new_image() -> World:
    world = of("local")
    world.update(DEPLOYMENT, IRIS, {IMAGE: "localhost:5000/axon/iris:77aa0c11de54f0b2"})
    return world


def local_new_model() -> World:
    world = of("local")
    world.models["iris-copy"] = dict(world.models[IRIS])
    world.create(IRIS, "iris-copy")
    return world


KINDS: dict[str, Callable[[], World]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        nothing,
        new_image,
        compute,
        rollout_with_a_gap,
        new_model,
        removed_model,
        renamed_model,
        another_model,
        replicas,
        sleeps,
        paused,
        scales_on_cpu,
        renamed_endpoint,
        an_api_key,
        rate_limit,
        limits_of_an_image,
        new_splitter,
        other_weights,
        several_at_once,
        more_nodes,
        instance_type,
        disk,
        new_node_group,
        removed_node_group,
        third_zone,
        kubernetes_version,
        another_cluster_name,
        open_kubernetes_api,
        clients_of_another_network,
        platform_image,
        new_stack,
        secrets,
        one_replica_in_production,
        latest_image_in_production,
        over_budget,
        local_new_image,
        local_new_model,
    )
}
