"""A recording engine: components run against it, tests look at what they registered."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pulumi
import pytest
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks

import predictor_images.contexts as contexts
import stacks.settings.loading as loading
from axon.images.ecr import ecr_password

SERVICE = {
    "spec": {"clusterIP": "10.96.0.99"},
    "status": {"loadBalancer": {"ingress": [{"hostname": "nlb"}]}},
}
# What AWS adds to a resource, where a component reads it.
COMPUTED = {
    "aws:ec2/eip:Eip": {"allocationId": "eipalloc-1"},
    "aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": 7},
    "aws:eks/nodeGroup:NodeGroup": {"resources": [{"autoscalingGroups": [{"name": "eks-group"}]}]},
    "aws:lb/loadBalancer:LoadBalancer": {"dnsName": "nlb.example", "zoneId": "Z0NLB"},
}


@dataclass
class Recorder(Mocks):
    """Everything that a program registered, by type."""

    resources: list[MockResourceArgs] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list, repr=False)

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources.append(args)
        of_aws = {"arn": arn(args.name)} if args.typ.startswith("aws:") else {}
        read = SERVICE if args.resource_id else {}
        outputs = {**of_aws, **COMPUTED.get(args.typ, {}), **args.inputs, **read}
        return args.resource_id or f"{args.name}-id", outputs

    def call(self, args: MockCallArgs) -> NoReturn:
        raise AssertionError(f"unexpected call of {args.token}")

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [r.inputs for r in self.resources if r.typ == kind]

    def one(self, kind: str) -> dict[str, Any]:
        found = self.all(kind)
        assert len(found) == 1, f"{len(found)} of {kind}, not one"
        return found[0]

    def named(self, kind: str) -> dict[str, dict[str, Any]]:
        return {r.name: r.inputs for r in self.resources if r.typ == kind}

    def options(self, kind: str, name: str | None = None) -> Any:
        """The options of the only resource of a kind (and name), as the engine is told them."""
        found = [one for one in self.requests if one.type == kind and name in (None, one.name)]
        assert len(found) == 1, f"{len(found)} of {kind}, not one"
        return found[0]


class _Monitor(MockMonitor):
    """Keeps what the mocks are not told: a resource's options."""

    def RegisterResource(self, request: Any) -> Any:
        assert isinstance(self.mocks, Recorder)
        self.mocks.requests.append(request)
        return super().RegisterResource(request)


def arn(name: str) -> str:
    """The ARN of the resource of AWS that the program calls `name`."""
    return f"arn:aws:mock:eu-west-1:111122223333:{name}"


def _deploy(program: Callable[[], Any]) -> Recorder:
    asyncio.set_event_loop(asyncio.new_event_loop())
    recorder = Recorder()
    pulumi.runtime.set_mocks(recorder, project="axon", stack="test", monitor=_Monitor(recorder))

    @pulumi.runtime.test
    def drained() -> Any:
        return program()

    drained()
    return recorder


@pytest.fixture(scope="session")
def deploy() -> Callable[[Callable[[], Any]], Recorder]:
    """Run a program and return what it registered, after every registration has ended."""
    return _deploy


@pytest.fixture
def stack_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file of the stack `test` is looked for."""
    folder = tmp_path / "stacks"
    folder.mkdir()
    monkeypatch.setattr(loading, "STACKS", folder)
    return folder / "Pulumi.test.yaml"


@pytest.fixture
def model_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A predictor's folder `p` in a project of its own."""
    images = tmp_path / "predictor_images"
    for part in (
        "runtime/axon_runtime/app.py",
        "framework/Dockerfile",
        "python/requirements.txt",
        "sklearn/requirements.txt",
        "sklearn-onnx/requirements.txt",
        "model/Dockerfile",
        "sbom/requirements.txt",
        "sbom/write.py",
    ):
        (images / part).parent.mkdir(parents=True, exist_ok=True)
        (images / part).write_text(part)
    (tmp_path / "p").mkdir()
    (tmp_path / "p/model.joblib").write_bytes(b"model")
    monkeypatch.setattr(contexts, "PROJECT", tmp_path)
    monkeypatch.setattr(contexts, "HERE", images)
    return tmp_path / "p"


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder on PATH, before all others, for stand-ins (stand_ins.py)."""
    ecr_password.cache_clear()  # the answer of another test's `aws`
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder
