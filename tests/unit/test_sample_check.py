"""Before a push: which models are asked for their sample, and what is said where one does not answer."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pulumi_kubernetes as k8s
import pytest

from axon.images import sample_check
from axon.images.build import Builder
from axon.images.sample_check import check_sample, why_not_checked
from axon.machine import LocalSettings
from axon.steps import StepFailed
from stacks.settings import Model

CLASS = {"type": "python", "path": "predictors/species", "config": {"limits": [1, 2]}}


def model(**more: Any) -> Model:
    return Model.model_validate({"predictor": CLASS, **more})


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({}, None),
        ({"egress": "none"}, None),
        ({"env": {"MODE": "fast"}}, None),
        ({"compute": {"gpu": 1}}, "it needs a GPU"),
        ({"secrets": {"HF_TOKEN": {"secret": "hub", "key": "token"}}}, "it reads Secrets of the cluster"),
        ({"egress": ["10.1.0.0/16"]}, "it connects to 10.1.0.0/16"),
        ({"predictor": {**CLASS, "model": "s3://models/iris.joblib"}}, "its replicas fetch the model"),
    ],
)
def test_a_model_that_needs_what_is_not_here_says_why_it_is_not_asked(
    more: dict[str, Any], reason: str | None
) -> None:
    assert why_not_checked(model(**more)) == reason


class Machine:
    """What runs in place of docker and buildah: the containers' answers, and what they were asked."""

    def __init__(self, code: int, said: str, *, oci: bool = True) -> None:
        self.code, self.said, self.oci = code, said, oci
        self.commands: list[list[str]] = []

    def __call__(self, command: Sequence[str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.commands.append(list(command))
        if "axon_runtime.check" in command:
            return subprocess.CompletedProcess(command, self.code, "", self.said)
        failed = "oci" in command and not self.oci
        return subprocess.CompletedProcess(command, int(failed), "container-1\n", "")

    @property
    def asked(self) -> list[str]:
        return next(command for command in self.commands if "axon_runtime.check" in command)


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    return Builder(LocalSettings(data_dir=tmp_path, run_dir=tmp_path, cache_dir=tmp_path))


def use(monkeypatch: pytest.MonkeyPatch, machine: Machine, *, docker: bool) -> Machine:
    monkeypatch.setattr(sample_check, "docker_runs", lambda: docker)
    monkeypatch.setattr(sample_check.subprocess, "run", machine)
    return machine


@pytest.mark.parametrize("docker", [True, False])
def test_a_model_is_asked_without_network_as_the_replica_is_configured(
    monkeypatch: pytest.MonkeyPatch, builder: Builder, docker: bool
) -> None:
    machine = use(monkeypatch, Machine(0, ""), docker=docker)

    check_sample(builder, "species", model(env={"MODE": "fast"}), "localhost:5000/axon/species:1")

    words = " ".join(machine.asked)
    assert "--network none" in words
    assert "--user 65532:65532" in words
    assert '--env AXON_CONFIG={"limits": [1, 2]}' in words
    assert "--env MODE=fast" in words
    assert any(str(512 * 2**20) in command for command in machine.commands)
    assert docker or "rm" in machine.commands[-1]


def test_what_only_a_pod_knows_is_not_told(monkeypatch: pytest.MonkeyPatch, builder: Builder) -> None:
    machine = use(monkeypatch, Machine(0, ""), docker=True)
    of_the_pod = k8s.core.v1.EnvVarArgs(name="AXON_MEMORY", value_from=k8s.core.v1.EnvVarSourceArgs())
    plain = k8s.core.v1.EnvVarArgs(name="MODE", value="fast")
    monkeypatch.setattr(sample_check, "predictor_environment", lambda *_: [of_the_pod, plain])

    check_sample(builder, "species", model(), "localhost:5000/axon/species:1")

    told = [word for word, before in zip(machine.asked[1:], machine.asked, strict=False) if before == "--env"]
    assert told == ["MODE=fast"]


def test_without_a_container_runtime_there_is_still_no_network(
    monkeypatch: pytest.MonkeyPatch, builder: Builder
) -> None:
    machine = use(monkeypatch, Machine(0, "", oci=False), docker=False)

    check_sample(builder, "species", model(), "localhost:5000/axon/species:1")

    assert machine.asked[:2] == ["unshare", "--net"]


def test_a_model_that_fails_is_told_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch, builder: Builder
) -> None:
    said = "KeyError: 'lenght'\nError: while running runtime: exit status 1\n"
    use(monkeypatch, Machine(1, said), docker=False)

    with pytest.raises(StepFailed, match=r"^KeyError: 'lenght'\nspecies: .*:1 was not pushed$"):
        check_sample(builder, "species", model(), "localhost:5000/axon/species:1")


@pytest.mark.parametrize(
    ("code", "said", "docker"), [(137, "", True), (1, "container exited on killed\n", False)]
)
def test_a_model_that_is_too_large_is_told_by_its_key(
    monkeypatch: pytest.MonkeyPatch, builder: Builder, code: int, said: str, docker: bool
) -> None:
    use(monkeypatch, Machine(code, said), docker=docker)

    with pytest.raises(StepFailed, match=r"more memory than axon:models\.species\.compute\.mem, 512Mi"):
        check_sample(builder, "species", model(), "localhost:5000/axon/species:1")
