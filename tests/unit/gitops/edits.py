"""The edits whose reports are kept in golden/, one function each: it says what changes in the stack file.

What the program then does about it is not written here: the program runs (`scenarios.Edit.scenario`).
"""

import copy
from collections.abc import Callable
from functools import cache

import pytest

from components.platform import versions
from tests.unit.gitops.engine.run import without_files
from tests.unit.gitops.scenarios import DIGITS, IRIS, Edit, Scenario, StackFile

_ROLLOUT_WITH_A_GAP = {"max_surge": "0", "max_unavailable": "1"}
_AMI_TYPE = "AL2023_x86_64_STANDARD"
_SHA256 = "0" * 64
_REGISTRY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"


def nothing(edit: Edit) -> None:
    del edit


def new_image(edit: Edit) -> None:
    """The model's file changes, and with it the tag of its image."""
    edit.patch = lambda patch: without_files(patch, changed="iris")


def compute(edit: Edit) -> None:
    edit.after.models[IRIS]["compute"] = {"cpu": "400m", "mem": "1Gi"}


def rollout_with_a_gap(edit: Edit) -> None:
    edit.after.models[IRIS]["update_strategy"] = _ROLLOUT_WITH_A_GAP
    new_image(edit)


def new_model(edit: Edit) -> None:
    edit.after.models["iris-copy"] = dict(edit.after.models[IRIS])


def removed_model(edit: Edit) -> None:
    del edit.after.models[DIGITS]


def renamed_model(edit: Edit) -> None:
    edit.after.models["iris-v2"] = edit.after.models.pop(IRIS)


def moved_model(edit: Edit) -> None:
    edit.after.models["iris-v2"] = {**edit.after.models.pop(IRIS), "moved_from": IRIS}


def another_model(edit: Edit) -> None:
    """A model that replicas fetch: its address is in their environment."""
    for file, version in ((edit.before, 1), (edit.after, 2)):
        address = f"s3://axon-models/iris/{version}.joblib"
        file.models[IRIS]["predictor"] = {"type": "sklearn", "model": address, "sha256": _SHA256}


def replicas(edit: Edit) -> None:
    edit.after.models[IRIS]["autoscaling"] = {"min_replicas": 2, "max_replicas": 20}


def scale_to_zero(edit: Edit) -> None:
    edit.after.models[IRIS]["autoscaling"]["min_replicas"] = 0


def no_longer_to_zero(edit: Edit) -> None:
    edit.before.models[IRIS]["autoscaling"]["min_replicas"] = 0


def paused(edit: Edit) -> None:
    edit.after.models[IRIS]["paused"] = True


def resumed(edit: Edit) -> None:
    edit.before.models[IRIS]["paused"] = True


def scales_on_cpu(edit: Edit) -> None:
    edit.after.models[IRIS]["autoscaling"]["target_cpu_utilization"] = 70


def renamed_endpoint(edit: Edit) -> None:
    edit.after.models[IRIS]["networking"] = {"endpoint": "/flowers"}


def an_api_key(edit: Edit) -> None:
    edit.after.models[IRIS]["networking"] = {"auth": {"api_keys": {"secret_names": ["clients"]}}}


def rate_limit(edit: Edit) -> None:
    edit.after.models[IRIS]["networking"] = {"rate_limit": {"requests": 50}}


def longer_timeout(edit: Edit) -> None:
    edit.after.models[IRIS]["server"] = {"request_timeout": "15m"}


def limits_of_an_image(edit: Edit) -> None:
    edit.both(lambda file: _own_image(file, "1.0"))
    edit.after.models[IRIS]["server"] = {"max_concurrency": 8, "request_timeout": "15m"}


def _own_image(file: StackFile, tag: str) -> None:
    image = f"{_REGISTRY}/{file.cluster['name']}/iris-server:{tag}"
    file.models[IRIS]["predictor"] = {"image": image, "port": 8080}


def built_model_to_image(edit: Edit) -> None:
    """Nothing uses the repositories of the images that axon built any more."""
    _own_image(edit.after, "1.0")


def new_splitter(edit: Edit) -> None:
    _split(edit.after, 80)


def other_weights(edit: Edit) -> None:
    _split(edit.before, 80)
    _split(edit.after, 50)


def _split(file: StackFile, weight: int) -> None:
    apis = [{"name": IRIS, "weight": weight}, {"name": DIGITS, "weight": 100 - weight}]
    file.config["axon:traffic_splitters"] = {"flowers": {"apis": apis}}


def several_at_once(edit: Edit) -> None:
    replicas(edit)
    edit.after.models[DIGITS]["compute"] = {"cpu": "400m"}
    more_nodes(edit)


def more_nodes(edit: Edit) -> None:
    edit.after.groups["cpu-spot"]["max_instances"] = 9


def instance_type(edit: Edit) -> None:
    edit.after.groups["cpu"]["instance_types"] = ["m7i.xlarge"]


def disk(edit: Edit) -> None:
    edit.after.groups["cpu"]["disk"] = {"size": 100}


def node_release(edit: Edit) -> None:
    """A newer image for the nodes, as `make patch` pins it."""
    edit.before.cluster["node_releases"] = {_AMI_TYPE: "1.36.1-20261001"}
    edit.after.cluster["node_releases"] = {_AMI_TYPE: "1.36.2-20261115"}


def new_node_group(edit: Edit) -> None:
    edit.after.groups["gpu"] = {"instance_types": ["g5.xlarge"], "min_instances": 0, "max_instances": 2}


def removed_node_group(edit: Edit) -> None:
    del edit.after.groups["cpu"]


def third_zone(edit: Edit) -> None:
    edit.after.cluster["network"]["zone_count"] = 3


def kubernetes_version(edit: Edit) -> None:
    edit.before.cluster["version"] = "1.35"


def another_cluster_name(edit: Edit) -> None:
    edit.after.cluster["name"] = "axon-dev2"


def open_kubernetes_api(edit: Edit) -> None:
    edit.after.cluster["endpoint"] = {"anywhere": True}


def clients_of_another_network(edit: Edit) -> None:
    edit.after.cluster["load_balancer"]["allow"].append("198.51.100.0/24")


def platform_image(edit: Edit) -> None:
    """A commit of axon raises the version of an add-on."""

    def newer(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(versions, "PROMETHEUS_IMAGE", "quay.io/prometheus/prometheus:v99.0.0")

    edit.patch = newer


def new_stack(edit: Edit) -> None:
    edit.is_new = True


def secrets(edit: Edit) -> None:
    """A secret in the engine's config, and under a key of a predictor's config that says so."""
    config = {"api_key": "correct-horse-battery", "upstream": "https://axon:hunter2hunter2@models.example/v1"}
    predictor = {"type": "python", "path": "predictors/species"}
    edit.both(lambda file: file.models[IRIS].update(predictor=dict(predictor)))
    edit.after.models[IRIS]["predictor"]["config"] = config
    edit.after.config["datadog:apiKey"] = {"secure": "v1:aaaabbbbcccc:ciphertext"}


def one_replica_in_production(edit: Edit) -> None:
    edit.after.models[IRIS]["autoscaling"]["min_replicas"] = 1


def latest_image_in_production(edit: Edit) -> None:
    edit.both(lambda file: _own_image(file, "1.0"))
    edit.after.models[IRIS]["predictor"]["image"] = "registry.example/iris:latest"


def removed_model_in_production(edit: Edit) -> None:
    """The repositories of its images are protected."""
    del edit.after.models[DIGITS]


def removed_model_with_kept_images(edit: Edit) -> None:
    del edit.after.models[DIGITS]
    edit.after.config["axon:images"] = {"keep": ["digits", "onnx"]}


def over_budget(edit: Edit) -> None:
    def budget(file: StackFile) -> None:
        file.cluster["budget"]["monthly_usd"] = 2000

    edit.both(budget)
    edit.after.groups["cpu"]["min_instances"] = 18


def local_new_image(edit: Edit) -> None:
    new_image(edit)


def local_new_model(edit: Edit) -> None:
    new_model(edit)


_OF_DEV: tuple[Callable[[Edit], None], ...] = (
    nothing,
    new_image,
    compute,
    rollout_with_a_gap,
    new_model,
    removed_model,
    renamed_model,
    moved_model,
    another_model,
    replicas,
    scale_to_zero,
    no_longer_to_zero,
    paused,
    resumed,
    scales_on_cpu,
    renamed_endpoint,
    an_api_key,
    rate_limit,
    longer_timeout,
    limits_of_an_image,
    built_model_to_image,
    new_splitter,
    other_weights,
    several_at_once,
    more_nodes,
    instance_type,
    disk,
    node_release,
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
)
_OF_PROD = (
    one_replica_in_production,
    latest_image_in_production,
    removed_model_in_production,
    removed_model_with_kept_images,
    over_budget,
)
_OF_LOCAL = (local_new_image, local_new_model)
EDITS: dict[str, tuple[str, Callable[[Edit], None]]] = {
    function.__name__.replace("_", "-"): (stack, function)
    for stack, functions in (("dev", _OF_DEV), ("prod", _OF_PROD), ("local", _OF_LOCAL))
    for function in functions
}


def scenario(name: str) -> Scenario:
    """Return an edit's scenario, for a test to change as it likes."""
    return copy.deepcopy(_scenario(name))


@cache
def _scenario(name: str) -> Scenario:
    stack, function = EDITS[name]
    edit = Edit(stack)
    function(edit)
    return edit.scenario()
