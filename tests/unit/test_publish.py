"""What is built and pushed of a stack, and in which order."""

from pathlib import Path

import pytest

from axon.images import publish as publishing
from axon.images.build import Builder
from axon.images.publish import publish
from axon.machine import LocalSettings
from axon.steps import StepFailed
from predictor_images import ContentError
from stacks.settings import Stack


class World:
    """A registry, and what was done to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failing: str = "") -> None:
        self.pushed: set[str] = set()
        self.done: list[str] = []
        self._failing = failing
        monkeypatch.setattr(publishing, "pushed", self._is_pushed)
        monkeypatch.setattr(publishing, "check_sample", self._check)
        monkeypatch.setattr(Builder, "make", self._make)
        monkeypatch.setattr(Builder, "push", lambda _, image, architectures: self._push(image))

    def _is_pushed(self, image: str) -> bool:
        return image in self.pushed

    def _make(self, image: str, *_: object, **__: object) -> None:
        self.done.append(f"make {_name(image)}")

    def _push(self, image: str) -> None:
        self.pushed.add(image)
        self.done.append(f"push {_name(image)}")

    def _check(self, _: Builder, name: str, *__: object) -> None:
        self.done.append(f"ask {name}")
        if name == self._failing:
            raise StepFailed("KeyError: 'lenght'")


def _name(image: str) -> str:
    return image.rsplit("/", 1)[-1].split(":")[0]


@pytest.fixture
def machine(tmp_path: Path) -> LocalSettings:
    return LocalSettings(data_dir=tmp_path / "d", run_dir=tmp_path / "r", cache_dir=tmp_path / "c")


def stack(**models: object) -> Stack:
    entries = {name: {"predictor": predictor} for name, predictor in models.items()}
    return Stack.model_validate(
        {
            "cluster": {"kind": "existing"},
            "images": {"registry": "registry.example/axon"},
            "models": entries,
        }
    )


SKLEARN = {"type": "sklearn", "path": "p"}


@pytest.mark.usefixtures("model_folder")
def test_a_model_answers_its_sample_before_it_is_pushed(
    machine: LocalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(monkeypatch)

    publish(machine, stack(a=SKLEARN))

    assert world.done == ["make sklearn", "push sklearn", "make p", "ask a", "push p"]


@pytest.mark.usefixtures("model_folder")
def test_a_model_that_does_not_answer_is_not_pushed(
    machine: LocalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(monkeypatch, failing="a")

    with pytest.raises(StepFailed, match="KeyError"):
        publish(machine, stack(a=SKLEARN))

    assert "push p" not in world.done


def test_several_models_of_a_replica_are_asked_once_all_are_in_its_image(
    model_folder: Path, machine: LocalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (model_folder.parent / "q").mkdir()
    (model_folder.parent / "q/model.joblib").write_bytes(b"other")
    world = World(monkeypatch, failing="both")

    with pytest.raises(StepFailed):
        publish(machine, stack(both={"type": "sklearn", "models": {"a": "p", "b": "q"}}))

    assert world.done == ["make sklearn", "push sklearn", "make p", "make q", "ask both"]


def test_two_models_of_one_folder_are_both_asked_and_it_is_built_once(
    model_folder: Path, machine: LocalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(monkeypatch)

    publish(machine, stack(a=SKLEARN, b=SKLEARN))

    assert world.done == ["make sklearn", "push sklearn", "make p", "ask a", "push p", "ask b"]


@pytest.mark.usefixtures("model_folder")
def test_what_the_registry_has_is_neither_built_nor_asked(
    machine: LocalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(monkeypatch)
    publish(machine, stack(a=SKLEARN))
    world.done.clear()

    publish(machine, stack(a=SKLEARN))

    assert world.done == []


def test_every_missing_model_is_named_before_anything_is_built(
    model_folder: Path, machine: LocalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (model_folder.parent / "q").mkdir()
    world = World(monkeypatch)
    gone = {"type": "sklearn", "path": "r"}

    with pytest.raises(ContentError) as raised:
        publish(machine, stack(a=SKLEARN, b={"type": "sklearn", "path": "q"}, c=gone))

    first, second = str(raised.value).splitlines()
    assert first.startswith("axon:models.b: q/model.joblib: no such file")
    assert second.startswith("axon:models.c: r: no such folder")
    assert world.done == []
