"""What reaches the API server, judged by others: checkov's rules of Kubernetes (https://www.checkov.io)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from components import ModelApi, Platform
from stacks.settings import Images, Model
from stacks.settings import Platform as PlatformSettings
from tests.unit.conftest import Recorder
from tests.unit.isolated import isolated

IMAGES = Images(registry="localhost:5000/axon")
SIDECAR = {"name": "beside", "image": "registry.example/beside:1"}
# Rules that are not kept, and why.
SKIPPED = {
    "CKV_K8S_11": "cpu has no limit: a replica may use idle cores, and a limit throttles it amid a request",
    "CKV_K8S_15": "images carry the hash of their content, or a digest: pulling one again yields the same",
    "CKV_K8S_43": "a tag that is a hash of the content says as much as a digest, which no preview knows",
    "CKV_K8S_8": "of an image of one's own nobody knows a path that says whether it is alive",
    "CKV_K8S_35": "variables from Secrets are what images read; a file is theirs to ask for",
    "CKV_K8S_38": "Prometheus finds replicas by the API",
    "CKV2_K8S_6": "who reads Prometheus is the cluster's own affair; each model has a policy",
}
MODELS: dict[str, dict[str, Any]] = {
    "image": {"predictor": {"image": "registry.example/iris:1", "containers": [SIDECAR]}},
    "limited": {
        "predictor": {"image": "registry.example/iris:1", "liveness": {"tcp": 8080}, "protocol": "h2c"},
        "server": {"max_concurrency": 4, "max_body_size": "1Mi"},
    },
    "saved": {"predictor": {"type": "sklearn", "path": "p"}, "autoscaling": {"min_replicas": 0}},
    "rich": {
        "predictor": {"type": "sklearn", "path": "p"},
        "compute": {"gpu": 1, "shm": "64Mi", "ephemeral_storage": "1Gi"},
        "secrets": {"HF_TOKEN": {"secret": "hub", "key": "token"}},
        "egress": "all",
        "networking": {"auth": {"api_keys": {"secret_names": ["clients"]}}},
    },
}


def _stack() -> Any:
    platform = Platform("platform", PlatformSettings(), IMAGES)
    for name, settings in MODELS.items():
        ModelApi(name, Model.model_validate(settings), IMAGES, platform=platform)
    return platform.url


def _whole_numbers(value: Any) -> Any:
    """Undo what passing through the engine does to numbers."""
    if isinstance(value, dict):
        return {key: _whole_numbers(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def test_manifests_keep_the_rules_of_checkov(
    deploy: Callable[[Callable[[], Any]], Recorder], model_folder: Path, tmp_path: Path
) -> None:
    recorder = deploy(_stack)
    objects = [_whole_numbers(dict(r.inputs)) for r in recorder.resources if "kind" in r.inputs]
    file = tmp_path / "rendered.yaml"
    file.write_text(yaml.safe_dump_all(json.loads(json.dumps(objects))))

    how = ["--framework", "kubernetes", "--skip-check", ",".join(SKIPPED), "--compact", "--skip-download"]
    run = isolated(["checkov", *how, "--output", "json", "--file"], [file], pins="checkov", cwd=tmp_path)

    assert run.stdout.startswith("{"), run.stderr
    results = json.loads(run.stdout)
    failed = [
        f"{c['check_id']} {c['resource']}: {c['check_name']}" for c in results["results"]["failed_checks"]
    ]
    assert failed == []
    assert results["summary"]["resource_count"] > len(MODELS)
