"""Wrong pod settings: one line an error, with its place and what would be right."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.refusals import lines

IMAGE = {"image": "registry.example/iris:1"}
BESIDE = {"name": "tokenizer", "image": "registry.example/tokenizer:2"}
SECRET = {"secret": "hub", "key": "token"}


def beside(**settings: Any) -> dict[str, Any]:
    return {"predictor": {**IMAGE, "containers": [{**BESIDE, **settings}]}}


# the settings of a model, and the whole of what is said of them, after `axon:models.iris.`
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"env": {"WORKERS": 2}}, 'env.WORKERS: 2 is a number (try "2", in quotes)'),
    ({"env": {"DEBUG": True}}, 'env.DEBUG: true is not text (try "true", in quotes)'),
    ({"env": {"EMPTY": None}}, "env.EMPTY: nothing is not text"),
    ({"env": ["A=1"]}, "env: ['A=1'] is not a mapping of keys"),
    (
        {"env": {"log-level": "info"}},
        'env.log-level: "log-level" cannot be a variable: letters, digits and underscores, no digit first '
        "(try LOG_LEVEL)",
    ),
    (
        {"env": {"2ND": "x"}},
        'env.2ND: "2ND" cannot be a variable: letters, digits and underscores, no digit first',
    ),
    ({"env": {"AXON_MODEL": "x"}}, 'env.AXON_MODEL: "AXON_MODEL": variables that begin so are set by axon'),
    (
        {"env": {"DB_PASSWORD": "x"}},
        "env.DB_PASSWORD: is a credential by its name, and would be stored in plain text (use `secrets`)",
    ),
    (
        {"env": {"AWS_SECRET_ACCESS_KEY": "x"}},
        "env.AWS_SECRET_ACCESS_KEY: is a credential by its name, and would be stored in plain text "
        "(use `secrets`)",
    ),
    (
        {"env": {"HF_TOKEN": "x"}},
        "env.HF_TOKEN: is a credential by its name, and would be stored in plain text (use `secrets`)",
    ),
    (
        {"env": {"A": "1"}, "secrets": {"A": SECRET}},
        "env.A: stands in `secrets` as well: give one of them",
    ),
    ({"secrets": {"A": {"secret": "hub"}}}, "secrets.A.key: is required"),
    ({"secrets": {"A": {**SECRET, "vlaue": "x"}}}, "secrets.A.vlaue: unknown key (known: key, secret)"),
    ({"secrets": {"A": "s3cret"}}, 'secrets.A: "s3cret" is not a mapping of keys'),
    (
        {"secrets": {"A": {**SECRET, "secret": "My_Hub"}}},
        'secrets.A.secret: "My_Hub" is not the name of a Kubernetes object',
    ),
    (
        {"secrets": {"A": {**SECRET, "key": "a/b"}}},
        'secrets.A.key: "a/b" cannot be a key of a Secret: letters, digits, hyphens, dots, underscores',
    ),
    (
        {"secrets": {"AXON_CACHE": SECRET}},
        'secrets.AXON_CACHE: "AXON_CACHE": variables that begin so are set by axon',
    ),
    ({"predictor": {**IMAGE, "command": "serve"}}, 'predictor.command: "serve" is not a list'),
    ({"predictor": {**IMAGE, "args": [8080]}}, 'predictor.args.0: 8080 is a number (try "8080", in quotes)'),
    (
        {"predictor": {**IMAGE, "readiness_path": "ready"}},
        'predictor.readiness_path: "ready" is not a path such as /ready',
    ),
    (
        {"predictor": {**IMAGE, "livenes_path": "/alive"}},
        "predictor.livenes_path: unknown key (try liveness_path)",
    ),
    (
        {"predictor": {**IMAGE, "probe_timeout": 2}},
        'predictor.probe_timeout: 2 is a number (try "2", in quotes)',
    ),
    (
        {"predictor": {"type": "sklearn", "path": "p", "liveness_path": "/alive"}},
        "predictor.liveness_path: unknown key (known: cache_claim, cache_size, credentials_secret, model, "
        "models, onnx, path, sha256, type)",
    ),
    (
        beside(name="predictor"),
        'predictor.containers.0.name: "predictor" is the name of another container of the replica',
    ),
    (
        beside(name="Tokenizer"),
        'predictor.containers.0.name: "Tokenizer" cannot be a name: at most 50 lower-case letters, digits '
        "and hyphens, a letter first (try tokenizer)",
    ),
    (
        beside(port=8080),
        "predictor.containers.0.port: 8080 is the port of predictor: a pod has each port once",
    ),
    (beside(port=0), "predictor.containers.0.port: 0 is less than 1, the least allowed"),
    (
        beside(readiness_path="/ok"),
        "predictor.containers.0.readiness_path: is of a `port`, and there is none",
    ),
    (beside(compute={"memory": "1Gi"}), "predictor.containers.0.compute.memory: unknown key (try mem)"),
    (
        beside(image="tokenizer"),
        'predictor.containers.0.image: "tokenizer" is not an image with a tag or digest (try tokenizer:1.0)',
    ),
    (
        beside(env={"API_KEY": "x"}),
        "predictor.containers.0.env.API_KEY: is a credential by its name, and would be stored in plain text "
        "(use `secrets`)",
    ),
    (
        {"predictor": {**IMAGE, "containers": [BESIDE, BESIDE]}},
        'predictor.containers.1.name: "tokenizer" is the name of another container of the replica',
    ),
    (
        {"predictor": {**IMAGE, "containers": BESIDE}},
        f"predictor.containers: {BESIDE} is not a list",
    ),
    ({"compute": {"shm": "1Gi"}}, "compute.shm: 1Gi counts in `mem`, 512Mi, and leaves nothing of it"),
    ({"compute": {"shm": 64}}, 'compute.shm: "64" is less than 1Ki (try 64Mi)'),
    (
        {"compute": {"ephemeral_storage": "10GB"}},
        'compute.ephemeral_storage: "10GB" is not a Kubernetes quantity (try 10G)',
    ),
    (
        {"update_strategy": {"min_ready": "5m"}},
        "update_strategy.min_ready: 5m is not less than `timeout`, 5m: no rollout would ever be in time",
    ),
    (
        {"update_strategy": {"min_ready": "10"}},
        'update_strategy.min_ready: "10" is not a duration (try 10s)',
    ),
    (
        {"egress": "everything"},
        'egress: "everything" is neither none, nor all, nor a list of networks (try [10.1.0.0/16])',
    ),
    (
        {"egress": ["db.internal"]},
        'egress: "db.internal" is not a network such as 10.1.0.0/16 (names cannot be told apart: give '
        "addresses)",
    ),
    ({"egress": ["10.1.2.3"]}, 'egress: "10.1.2.3" has no length (try 10.1.2.3/32)'),
    (
        {"egress": ["10.1.2.3/16"]},
        'egress: "10.1.2.3/16" is not the first address of its network (try 10.1.0.0/16)',
    ),
    ({"egress": ["0.0.0.0/0"]}, 'egress: "0.0.0.0/0" is everything (write `egress: all`)'),
    ({"paused": "yes"}, 'paused: "yes" is not true or false'),
    (
        {"priority_class": "system-node-critical"},
        'priority_class: "system-node-critical": classes that begin so are Kubernetes\' own',
    ),
]

# the keys of `axon:platform`, and what is said after `axon:platform.`
WRONG_PLATFORM: list[tuple[dict[str, Any], str]] = [
    (
        {"priority_classes": {"urgent": 2_000_000_000}},
        "priority_classes.urgent: 2000000000 is more than 1000000000, the most allowed",
    ),
    (
        {"labels": {"app.kubernetes.io/name": "x"}},
        'labels.app.kubernetes.io/name: "app.kubernetes.io/name": labels of app.kubernetes.io are not yours '
        "to set",
    ),
    (
        {"labels": {"axon.dev/model": "x"}},
        'labels.axon.dev/model: "axon.dev/model": labels of axon.dev are not yours to set',
    ),
    (
        {"labels": {"cost center": "x"}},
        'labels.cost center: "cost center" cannot be the key of a label (such as team, or example.com/team)',
    ),
    (
        {"labels": {"team": "R & D"}},
        'labels.team: "R & D" cannot be the value of a label: at most 63 letters, digits, ".", "_", "-" '
        "(try R-D)",
    ),
    ({"quota": {}}, "quota: needs `cpu`, `mem` or `pods`"),
    ({"quota": {"memory": "1Gi"}}, "quota.memory: unknown key (try mem)"),
    ({"quota": {"pods": 0}}, "quota.pods: 0 is less than 1, the least allowed"),
    (
        {"quota": {"cpu": "100m"}},
        "quota.cpu: 100m is less than the 0.2 that all models ask for at min_replicas",
    ),
    (
        {"quota": {"mem": "256Mi"}},
        "quota.mem: 256Mi is less than the 512Mi that all models ask for at min_replicas",
    ),
    (
        {"prometheus": {"namespace": "obs"}},
        "prometheus.namespace: is of a Prometheus of yours: give its `url`",
    ),
    ({"labels": {"cost": 7}}, 'labels.cost: 7 is a number (try "7", in quotes)'),
]


def said(
    stack_file: Path,
    model: dict[str, Any],
    platform: dict[str, Any] | None = None,
    images: dict[str, Any] | None = None,
) -> list[str]:
    config = {
        "axon:cluster": {"kind": "existing"},
        "axon:images": {"registry": "localhost:5000/axon", **(images or {})},
        "axon:platform": platform or {},
        "axon:models": {"iris": {"predictor": IMAGE, **model}},
    }
    found = lines(stack_file, yaml.safe_dump({"config": config}, sort_keys=False))
    return [line.split(": axon:", 1)[1] for line in found]


@pytest.mark.parametrize(("model", "message"), WRONG, ids=[message for _, message in WRONG])
def test_a_wrong_pod_is_one_line(stack_file: Path, model: dict[str, Any], message: str) -> None:
    assert said(stack_file, model) == [f"models.iris.{message}"]


@pytest.mark.parametrize(
    ("platform", "message"), WRONG_PLATFORM, ids=[message for _, message in WRONG_PLATFORM]
)
def test_a_wrong_platform_is_one_line(stack_file: Path, platform: dict[str, Any], message: str) -> None:
    assert said(stack_file, {}, platform) == [f"platform.{message}"]


@pytest.mark.parametrize("name", ["EOS_TOKEN", "MAX_TOKENS", "KEY", "PARTITION_KEY", "SECRETS_FOLDER"])
def test_names_of_models_are_no_credentials(stack_file: Path, name: str) -> None:
    assert said(stack_file, {"env": {name: "x"}, "paused": "yes"}) == [
        'models.iris.paused: "yes" is not true or false'
    ]
