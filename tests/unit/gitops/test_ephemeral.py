"""The stack of a pull request's own: an environment's models, small, below its name."""

from typing import Any

import pytest
import yaml

from axon.environments.ephemeral import ephemeral, url_of
from axon.report.endpoints import endpoints_of
from stacks.settings import Stack
from stacks.settings.loading import STACKS, load_file, validate
from stacks.settings.source import Source, source_of
from stacks.settings.yaml_dump import dumped

SPLIT: dict[str, Any] = {
    "apis": [{"name": "iris", "weight": 90}, {"name": "other", "weight": 10}],
    "networking": {"auth": {"api_keys": {"secret_names": ["clients"]}}},
}
IMAGE = {"image": "registry.example/iris:1"}


def made(config: dict[str, Any], url: str | None = None) -> Stack:
    """The stack of pull request 12, beside an environment of this config."""
    text = yaml.safe_dump({"config": {f"axon:{key}": value for key, value in config.items()}})
    return read(ephemeral("pr-12", text, Stack.model_validate(config), kubeconfig="kc", url=url))


def read(text: str) -> Stack:
    config = yaml.safe_load(text)["config"]
    return validate({key.removeprefix("axon:"): value for key, value in config.items()}, Source("pr-12"))


def config(**model: Any) -> dict[str, Any]:
    return {
        "cluster": {"kind": "existing"},
        "images": {"registry": "localhost:5000/axon"},
        "models": {"iris": {"predictor": IMAGE, **model}, "other": {"predictor": IMAGE}},
    }


@pytest.mark.parametrize("environment", ["dev", "prod", "local"])
def test_every_environment_of_the_project_can_have_one(environment: str) -> None:
    text = (STACKS / f"Pulumi.{environment}.yaml").read_text()
    stack = load_file(environment)

    found = read(ephemeral("pr-12", text, stack, kubeconfig="kc", url="http://nlb.example"))

    assert found.models.keys() == stack.models.keys()
    assert {model.endpoint(name) for name, model in found.models.items()} == {
        f"/pr-12{model.endpoint(name)}" for name, model in stack.models.items()
    }
    assert not found.platform.install
    assert found.platform.namespace == "pr-12"


def test_beside_aws_it_uses_the_cluster_and_pushes_where_nothing_else_is() -> None:
    text = (STACKS / "Pulumi.dev.yaml").read_text()

    found = read(ephemeral("pr-12", text, load_file("dev"), kubeconfig="kc", url="http://nlb.example"))

    assert found.cluster.kind == "existing"
    assert found.images.registry == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/axon-ephemeral"
    assert found.platform.gateway.url == "http://nlb.example"
    assert found.models["iris-classifier"].networking.hostnames == []


def test_it_is_small() -> None:
    scaling = {"min_replicas": 5, "max_replicas": 50, "init_replicas": 7, "target_in_flight": 3}

    found = made(config(autoscaling=scaling)).models["iris"].autoscaling

    assert (found.min_replicas, found.max_replicas, found.init_replicas) == (1, 2, None)
    assert found.target_in_flight == 3


def test_a_sleeping_model_sleeps_and_a_paused_one_rests() -> None:
    assert made(config(autoscaling={"min_replicas": 0})).models["iris"].sleeps
    assert made(config(paused=True)).models["iris"].paused


def test_splitters_come_with_their_models_below_its_name() -> None:
    found = made({**config(), "traffic_splitters": {"split": SPLIT}}).traffic_splitters["split"]

    assert found.endpoint("split") == "/pr-12/split"
    assert found.networking.auth is not None, "who may ask is what the environment says"


def test_clients_reach_it_where_they_reach_the_environment() -> None:
    assert url_of({"endpoints": {"iris": "https://nlb.example:8443/iris"}}) == "https://nlb.example:8443"
    assert url_of({}) is None


def test_the_comment_has_the_endpoints() -> None:
    model = {
        "endpoint": "http://nlb.example/pr-12/iris",
        "replicas": "1 to 2",
        "curl": "curl http://nlb.example/pr-12/iris",
    }

    assert endpoints_of("pr-12", {"iris": model}).splitlines()[:6] == [
        "<!-- axon:endpoints:pr-12 -->",
        "### `pr-12` is up",
        "",
        "| model | endpoint | replicas |",
        "|---|---|---|",
        "| iris | http://nlb.example/pr-12/iris | 1 to 2 |",
    ]


def test_a_model_in_the_environments_own_bucket_is_in_a_bucket_of_its_own() -> None:
    bucket = "s3://axon-dev-models-20261127050000000000000001"
    old, new = "{type: sklearn, path: predictors/iris}", f"{{type: sklearn, model: {bucket}/iris.joblib}}"
    text = (STACKS / "Pulumi.dev.yaml").read_text().replace(old, new)
    source = source_of(text.encode(), "dev")
    stack = validate(source.config or {}, source)

    found = read(ephemeral("pr-12", text, stack, kubeconfig="kc"))

    assert found.platform.model_buckets == [bucket]


def test_text_that_looks_like_a_number_stays_text() -> None:
    env = {"A": "y", "B": "1e3", "C": "no"}
    given = config(env=env)
    base = dumped({"config": {f"axon:{key}": value for key, value in given.items()}})

    source = source_of(ephemeral("pr-12", base, Stack.model_validate(given), kubeconfig="kc").encode(), "x")

    assert not source.problems
    assert (source.config or {})["models"]["iris"]["env"] == env
