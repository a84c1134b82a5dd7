"""Images for the architecture of the nodes that a model runs on, whatever machine builds them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axon.images import build as images
from axon.images import platforms, publish
from axon.images.build import Builder
from axon.images.platforms import machine, parts_of
from axon.machine import LocalSettings
from axon.steps import StepFailed
from policies import Context, Resource
from policies.kubernetes import mutable_tag
from predictor_images import contexts_of, image_of
from stacks.settings import Images, Model, Stack
from stacks.settings.architectures import architectures_of
from stacks.settings.checks import cross_problems
from stacks.settings.sources import SklearnPredictor
from tests.unit.on_aws import CPU, cluster
from tests.unit.stand_ins import command

ARM = {"instance_types": ["m7g.large"]}
GROUPS = {"cpu": CPU, "arm": ARM}
REPOSITORY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/axon-dev/iris"
Calls = Callable[[], list[str]]


def model(*node_groups: str, **predictor: Any) -> Model:
    given = predictor or {"type": "sklearn", "path": "p"}
    return Model.model_validate({"predictor": given, "node_groups": list(node_groups)})


@pytest.mark.parametrize(
    ("node_groups", "built_for"),
    [
        ([], ("amd64",)),  # nodes of ARM have a taint
        (["cpu"], ("amd64",)),
        (["arm"], ("arm64",)),
        (["cpu", "arm"], ("amd64", "arm64")),
    ],
)
def test_an_image_is_built_for_the_nodes_that_its_model_may_run_on(
    node_groups: list[str], built_for: tuple[str, ...]
) -> None:
    assert architectures_of(cluster(GROUPS), model(*node_groups)) == built_for
    assert architectures_of(None, model()) == ()


def test_the_architecture_is_in_the_tag(model_folder: Path) -> None:
    registry, predictor = Images(registry="r.example/a"), SklearnPredictor(type="sklearn", path="p")

    tags = {
        built_for: image_of(registry, predictor, architectures=built_for).split(":")[1]
        for built_for in ((), ("amd64",), ("arm64",), ("amd64", "arm64"))
    }
    assert tags[("arm64",)].endswith("-arm64")
    assert tags[("amd64", "arm64")].endswith("-amd64-arm64")
    assert len(set(tags.values())) == 4, "a laptop's image is never taken for a node's"
    for tag in tags.values():
        pod = {"spec": {"containers": [{"name": "predictor", "image": f"r.example/a:{tag}"}]}}
        assert not list(mutable_tag(Resource("kubernetes:core/v1:Pod", "iris", pod), Context()))
    for context in contexts_of(registry, predictor, architectures=("arm64",)):
        assert context.image.endswith("-arm64"), "what it starts from as well"


@pytest.fixture
def calls(commands: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Stand-ins for docker, buildah and the AWS CLI; return what they were told to do."""
    command(commands, "aws", "echo secret-password")
    log = tmp_path / "calls"
    log.touch()
    for tool in ("docker", "buildah"):
        command(commands, tool, f'echo {tool} "$@" >> {log}; [ "$2" = login ] && cat >/dev/null; exit 0')
    monkeypatch.setattr(images, "pushed", lambda _: False)
    return lambda: log.read_text().splitlines()


def builder(tmp_path: Path) -> Builder:
    (tmp_path / "Dockerfile").touch()
    return Builder(LocalSettings(run_dir=tmp_path / "r", cache_dir=tmp_path / "c", data_dir=tmp_path / "d"))


@pytest.mark.parametrize("docker", [True, False], ids=["docker", "buildah"])
@pytest.mark.parametrize("built_for", [("arm64",), ("amd64",)])
def test_the_builder_is_told_the_nodes_architecture(
    calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, docker: bool, built_for: tuple[str, ...]
) -> None:
    monkeypatch.setattr(images, "docker_runs", lambda: docker)
    image = f"{REPOSITORY}:1-{built_for[0]}"

    builder(tmp_path).make(image, tmp_path, tmp_path / "Dockerfile", architectures=built_for)
    builder(tmp_path).push(image, built_for)

    (build,) = [line for line in calls() if " build " in f"{line} " and "-t" in line]
    assert f"--platform linux/{built_for[0]} -t {image}" in build
    assert not [line for line in calls() if "manifest" in line]


@pytest.mark.parametrize("docker", [True, False], ids=["docker", "buildah"])
def test_an_image_for_both_has_one_name(
    calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, docker: bool
) -> None:
    monkeypatch.setattr(images, "docker_runs", lambda: docker)
    both, image = ("amd64", "arm64"), f"{REPOSITORY}:1-amd64-arm64"

    builder(tmp_path).make(image, tmp_path, tmp_path / "Dockerfile", architectures=both)
    builder(tmp_path).push(image, both)

    built = [line for line in calls() if "--platform" in line]
    assert [line.split("-t ")[1].split()[0] for line in built] == [f"{REPOSITORY}:1-{one}" for one in both]
    manifest = "\n".join(line for line in calls() if " manifest " in line)
    for one in both:
        assert f"{REPOSITORY}:1-{one}" in manifest
    last = [line for line in calls() if " push " in line][-1]
    assert last.endswith(image), "the name comes once its parts are there"
    assert len([line for line in calls() if " push " in line]) == 3


def test_a_part_that_was_pushed_before_is_not_pushed_again(
    calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tag of ECR never changes: the push of another build of it would be refused."""
    monkeypatch.setattr(images, "docker_runs", lambda: True)
    monkeypatch.setattr(images, "pushed", lambda image: image.endswith(":1-amd64"))

    builder(tmp_path).push(f"{REPOSITORY}:1-amd64-arm64", ("amd64", "arm64"))

    pushes = [line.split()[-1].rsplit(":", 1)[1] for line in calls() if " push " in line]
    assert pushes == ["1-arm64", "1-amd64-arm64"]


def test_a_build_for_another_architecture_that_fails_says_what_it_needs(
    commands: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(commands, "buildah", "echo exec format error >&2; exit 1")
    command(commands, "docker", "exit 1")
    monkeypatch.setattr(platforms, "machine", lambda: "amd64")
    make = builder(tmp_path).make

    with pytest.raises(StepFailed, match=r"machine is amd64, and the image is for arm64.*QEMU"):
        make("r.example/a:1-arm64", tmp_path, tmp_path / "Dockerfile", architectures=["arm64"])
    with pytest.raises(StepFailed) as error:
        make("r.example/a:1-amd64", tmp_path, tmp_path / "Dockerfile", architectures=["amd64"])
    assert "QEMU" not in str(error.value)


@pytest.mark.parametrize(
    ("built_for", "asked"),
    [((), True), (("amd64",), True), (("arm64",), False), (("amd64", "arm64"), True)],
)
def test_the_sample_is_asked_of_what_this_machine_can_run(
    monkeypatch: pytest.MonkeyPatch,
    model_folder: Path,
    tmp_path: Path,
    built_for: tuple[str, ...],
    asked: bool,
) -> None:
    found: list[str] = []
    monkeypatch.setattr(publish, "machine", lambda: "amd64")
    monkeypatch.setattr(publish, "check_sample", lambda *words: found.append(words[3]))  # pyright: ignore[reportUnknownLambdaType]
    registry, predictor = Images(registry="r.example/a"), SklearnPredictor(type="sklearn", path="p")
    context = contexts_of(registry, predictor, architectures=built_for)[-1]
    stack = Stack.model_validate({"cluster": cluster(), "models": {"iris": model()}})

    publish._check(builder(tmp_path), "iris", stack, context)  # pyright: ignore[reportPrivateUsage]

    assert found == ([parts_of(context.image, built_for).get("amd64", context.image)] if asked else [])


def test_this_machine_has_a_name_that_images_know() -> None:
    assert machine() in ("amd64", "arm64")


@pytest.mark.parametrize(
    ("predictor", "compute", "refused"),
    [
        ({"type": "tensorflow", "path": "p"}, {}, True),
        ({"type": "python", "path": "p", "framework": "tensorflow"}, {}, True),
        ({"type": "onnx", "path": "p"}, {}, False),
        ({"type": "sklearn", "path": "p"}, {}, False),
        ({"type": "pytorch", "path": "p"}, {}, False),
        ({"image": "registry.example/tensorflow:1"}, {}, False),
    ],
)
def test_a_framework_without_packages_for_arm_is_not_built_for_it(
    predictor: dict[str, Any], compute: dict[str, Any], refused: bool
) -> None:
    asked = {"predictor": predictor, "compute": compute, "networking": {"auth": "none"}}
    for groups, expected in ((["arm"], refused), (["cpu"], False)):
        stack = Stack.model_validate(
            {"cluster": cluster(GROUPS), "models": {"m": {**asked, "node_groups": groups}}}
        )
        found = [problem.message for problem in cross_problems(stack)]
        assert any("has no packages for ARM" in message for message in found) is expected
