"""A recording engine: components run against it, tests look at what they registered."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pulumi
import pytest
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks

import predictor_images.contexts as contexts

SERVICE = {
    "spec": {"clusterIP": "10.96.0.99"},
    "status": {"loadBalancer": {"ingress": [{"hostname": "nlb"}]}},
}


@dataclass
class Recorder(Mocks):
    """Everything that a program registered, by type."""

    resources: list[MockResourceArgs] = field(default_factory=list)

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources.append(args)
        outputs = {**args.inputs, **(SERVICE if args.resource_id else {})}
        return args.resource_id or f"{args.name}-id", outputs

    def call(self, args: MockCallArgs) -> NoReturn:
        raise AssertionError(f"unexpected call of {args.token}")

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [r.inputs for r in self.resources if r.typ == kind]

    def one(self, kind: str) -> dict[str, Any]:
        found = self.all(kind)
        assert len(found) == 1, f"{len(found)} of {kind}, not one"
        return found[0]


@pytest.fixture
def deploy() -> Callable[[Callable[[], Any]], Recorder]:
    """Run a program and return what it registered, after every registration has ended."""

    def run(program: Callable[[], Any]) -> Recorder:
        asyncio.set_event_loop(asyncio.new_event_loop())
        recorder = Recorder()
        pulumi.runtime.set_mocks(recorder, project="axon", stack="test")

        @pulumi.runtime.test
        def drained() -> Any:
            return program()

        drained()
        return recorder

    return run


@pytest.fixture
def model_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A predictor's folder `p` in a project of its own."""
    images = tmp_path / "predictor_images"
    for part in ("runtime/app.py", "sklearn/Dockerfile", "model/Dockerfile"):
        (images / part).parent.mkdir(parents=True, exist_ok=True)
        (images / part).write_text(part)
    (tmp_path / "p").mkdir()
    (tmp_path / "p/model.joblib").write_bytes(b"model")
    monkeypatch.setattr(contexts, "PROJECT", tmp_path)
    monkeypatch.setattr(contexts, "HERE", images)
    return tmp_path / "p"
