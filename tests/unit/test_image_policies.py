"""What an image of one's own can be given, against axon's own policies."""

from collections.abc import Callable
from typing import Any

import pytest

from policies import POLICIES, Context, Resource, violations
from stacks.settings.images import Images
from tests.unit.conftest import Recorder
from tests.unit.test_model_api import model, program

DIGEST = f"@sha256:{'0' * 64}"
BESIDE = {"name": "tokenizer", "image": f"registry.example/tokenizer{DIGEST}", "liveness": {"tcp": 9000}}
EVERYTHING: dict[str, Any] = {
    "predictor": {
        "image": f"registry.example/iris{DIGEST}",
        "protocol": "h2c",
        "metrics_path": "/metrics",
        "containers": [BESIDE],
        "pre_stop": {"sleep": "20s"},
    },
    "server": {"max_concurrency": 2, "max_body_size": "1Mi"},
    "autoscaling": {"min_replicas": 2},
}


@pytest.mark.parametrize("mirror", [None, "mirror.example/copies"])
def test_a_pod_with_everything_that_an_image_can_have_keeps_the_policies(
    deploy: Callable[[Callable[[], Any]], Recorder], monkeypatch: pytest.MonkeyPatch, mirror: str | None
) -> None:
    monkeypatch.setattr(
        "tests.unit.test_model_api.IMAGES", Images(registry="registry.example/axon", mirror=mirror)
    )
    recorder = deploy(program(model(**EVERYTHING)))
    resources = [Resource(r.typ, r.name, r.inputs) for r in recorder.resources if r.name == "iris"]
    allowed = tuple(filter(None, ("registry.example", mirror)))

    found = violations(POLICIES, resources, Context(production=True, registries=allowed))

    assert [(one.policy.name, one.message) for one in found] == []
