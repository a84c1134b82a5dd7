"""Images by content: the tag changes exactly when something in the image does."""

from pathlib import Path

import pytest

from predictor_images import MissingModel, contexts_of, image_of
from stacks.settings import ImagePredictor, Images, SklearnPredictor

IMAGES = Images(registry="localhost:5000/axon")
PREDICTOR = SklearnPredictor(type="sklearn", path="p")


def test_the_tag_stays_while_the_content_does(model_folder: Path) -> None:
    before = image_of(IMAGES, PREDICTOR)
    (model_folder / "model.joblib").touch()
    (model_folder / "__pycache__").mkdir()
    (model_folder / "__pycache__/train.pyc").write_bytes(b"x")

    assert image_of(IMAGES, PREDICTOR) == before


def test_a_new_model_is_a_new_image_on_the_same_framework(model_folder: Path) -> None:
    before = [context.image for context in contexts_of(IMAGES, PREDICTOR)]
    (model_folder / "model.joblib").write_bytes(b"better model")

    framework, model = contexts_of(IMAGES, PREDICTOR)
    assert framework.image == before[0]
    assert model.image != before[1]


@pytest.mark.parametrize(
    "part", ["runtime/axon_runtime/app.py", "framework/Dockerfile", "sklearn/requirements.txt"]
)
def test_a_new_runtime_is_a_new_image_of_every_model(model_folder: Path, part: str) -> None:
    before = image_of(IMAGES, PREDICTOR)
    (model_folder.parent / "predictor_images" / part).write_text("changed")

    assert image_of(IMAGES, PREDICTOR) != before


def test_another_base_is_another_image(model_folder: Path) -> None:
    other = Images(registry="localhost:5000/axon", base="debian:12")

    assert image_of(other, PREDICTOR) != image_of(IMAGES, PREDICTOR)


def test_a_model_that_is_not_there_says_how_to_make_it(model_folder: Path) -> None:
    (model_folder / "model.joblib").unlink()
    (model_folder / "train.py").write_text("")

    with pytest.raises(MissingModel, match=r"p/model.joblib: no such file \(run `make models`\)"):
        image_of(IMAGES, PREDICTOR)


def test_an_image_of_ones_own_is_taken_as_it_is() -> None:
    predictor = ImagePredictor(image="docker.io/me/model:7")

    assert image_of(IMAGES, predictor) == "docker.io/me/model:7"
    assert contexts_of(IMAGES, predictor) == []


def test_an_export_needs_an_image_of_its_own_which_the_others_do_not_grow_by(model_folder: Path) -> None:
    exported = SklearnPredictor(type="sklearn", path="p", onnx=True)

    framework = contexts_of(IMAGES, exported)[0]

    assert framework.repository == "localhost:5000/axon/sklearn-onnx"
    assert framework.arguments["PREDICTOR"] == "sklearn"
    assert contexts_of(IMAGES, PREDICTOR)[0].repository == "localhost:5000/axon/sklearn"


def test_a_mirror_keeps_the_path_and_the_tag() -> None:
    upstream = "docker.io/envoyproxy/envoy:v1@sha256:" + "0" * 64

    assert Images(registry="r/a", mirror="m:5000/x").mirrored(upstream) == "m:5000/x/envoyproxy/envoy:v1"
    assert Images(registry="r/a").mirrored(upstream) == upstream
