"""What goes into an image is what its tag is the hash of: no more, no less, and the same on every machine."""

import os
from pathlib import Path

import pytest

from predictor_images import ContentError, contexts_of
from stacks.settings import Images, PythonPredictor, SklearnPredictor

IMAGES = Images(registry="localhost:5000/axon")
SBOM = ("install/sbom/requirements.txt", "install/sbom/write.py")
PREDICTOR = SklearnPredictor(type="sklearn", path="p")


def image() -> str:
    return contexts_of(IMAGES, PREDICTOR)[-1].image


def written(folder: Path) -> dict[str, Path]:
    """The files of the model's context, as a build sees them."""
    folder.mkdir()
    contexts_of(IMAGES, PREDICTOR)[-1].write(folder)
    (folder / "Dockerfile").unlink()  # no instruction copies it
    return {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    "name",
    [
        "__pycache__/predictor.cpython-311.pyc",
        "helper.pyc",
        ".env",
        ".git/config",
        ".trained",
        ".DS_Store",
        ".ipynb_checkpoints/model.joblib",
        "library/__pycache__/x.pyc",
        "library/.secret",
    ],
)
def test_what_nobody_reviews_is_neither_hashed_nor_copied(
    model_folder: Path, tmp_path: Path, name: str
) -> None:
    before = image()
    (model_folder / name).parent.mkdir(parents=True, exist_ok=True)
    (model_folder / name).write_bytes(b"x")

    assert image() == before
    assert set(written(tmp_path / "context")) == {"predictor/model.joblib", *SBOM}


def test_every_other_file_is_copied_and_changes_the_tag(model_folder: Path, tmp_path: Path) -> None:
    before = image()
    (model_folder / "library").mkdir()
    (model_folder / "library/words.txt").write_text("a")

    files = written(tmp_path / "context")

    assert image() != before
    assert files["predictor/library/words.txt"].read_text() == "a"


def test_a_file_that_no_one_else_may_read_is_readable_in_the_image(
    model_folder: Path, tmp_path: Path
) -> None:
    before = image()
    (model_folder / "model.joblib").chmod(0o600)
    model_folder.chmod(0o700)

    file = written(tmp_path / "context")["predictor/model.joblib"]

    assert image() == before
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o644, 0o755)


def test_a_file_that_becomes_a_program_is_another_image(model_folder: Path, tmp_path: Path) -> None:
    (model_folder / "convert").write_text("#!/bin/sh\n")
    before = image()
    (model_folder / "convert").chmod(0o755)

    assert image() != before
    assert written(tmp_path / "context")["predictor/convert"].stat().st_mode & 0o777 == 0o755


def test_a_link_inside_the_folder_is_the_file_that_it_leads_to(model_folder: Path, tmp_path: Path) -> None:
    (model_folder / "latest.joblib").symlink_to("model.joblib")

    file = written(tmp_path / "context")["predictor/latest.joblib"]

    assert not file.is_symlink()
    assert file.read_bytes() == b"model"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/etc/passwd", r"p/link: a link that leads out of the folder \(copy the file in its place\)"),
        ("../predictor_images", r"p/link: a link that leads out of the folder"),
        ("nothing", r"p/link: a link that leads to no file"),
        ("link", r"p/link: a link that leads to no file"),
        (".env", r"p/link: a link to a hidden file"),
        ("library", r"p/link: a link to a folder"),
    ],
)
def test_a_link_that_could_bring_something_else_is_refused(
    model_folder: Path, target: str, said: str
) -> None:
    (model_folder / "library").mkdir()
    (model_folder / ".env").write_text("KEY=1")
    (model_folder / "link").symlink_to(target)

    with pytest.raises(ContentError, match=said):
        image()


def test_a_folder_that_is_elsewhere_is_refused(
    model_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (model_folder.parent / "elsewhere").symlink_to(tmp_path_factory.mktemp("other"))

    with pytest.raises(ContentError, match="elsewhere: must be a folder inside the project"):
        contexts_of(IMAGES, SklearnPredictor(type="sklearn", path="elsewhere"))


def test_a_pipe_is_refused(model_folder: Path) -> None:
    os.mkfifo(model_folder / "pipe")

    with pytest.raises(ContentError, match="p/pipe: not a file or a folder"):
        image()


@pytest.mark.parametrize("name", ["model.joblib", "weights/part-1.bin"])
def test_a_pointer_of_git_lfs_is_no_model(model_folder: Path, name: str) -> None:
    (model_folder / name).parent.mkdir(exist_ok=True)
    (model_folder / name).write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
    )

    with pytest.raises(ContentError, match=rf"p/{name}: a pointer of Git LFS, .* \(run `git lfs pull`\)"):
        image()


def test_a_file_that_changes_while_it_is_copied_is_not_built(model_folder: Path, tmp_path: Path) -> None:
    context = contexts_of(IMAGES, PREDICTOR)[-1]
    assert context.image
    (model_folder / "model.joblib").write_bytes(b"half a mod")
    (tmp_path / "context").mkdir()

    with pytest.raises(ContentError, match="changed while they were copied"):
        context.write(tmp_path / "context")


def test_a_name_with_a_line_break_cannot_stand_for_two_files(model_folder: Path) -> None:
    (model_folder / "a").write_bytes(b"1")
    (model_folder / "b").write_bytes(b"2")
    before = image()
    (model_folder / "a").unlink()
    (model_folder / "b").rename(model_folder / "a\nb")

    assert image() != before


def packages(folder: Path, requirements: str, *others: str) -> set[str]:
    """What is copied before packages are installed, of a folder with these files."""
    for name in ("model.joblib", *others):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "requirements.txt").write_text(requirements)
    found = contexts_of(IMAGES, PREDICTOR)[-1].files
    prefix = "install/packages/"
    return {place.removeprefix(prefix) for place in found if place.startswith(prefix)}


def test_packages_are_installed_from_their_list_alone(model_folder: Path) -> None:
    found = packages(model_folder, "pandas==2.3.3\n# model.joblib\nxgboost>=3", "data.csv")

    assert found == {"requirements.txt"}


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("-r base.txt", "base.txt"),
        ("--requirement=pins/base.txt", "pins/base.txt"),
        ("-c base.txt", "base.txt"),
        ("./wheels/a-1-py3-none-any.whl", "wheels/a-1-py3-none-any.whl"),
        ("a @ file:wheels/a-1-py3-none-any.whl", "wheels/a-1-py3-none-any.whl"),
        ("./library[extra]", "library/setup.py"),
        ("--find-links wheels", "wheels/a-1-py3-none-any.whl"),
    ],
)
def test_what_the_list_of_packages_names_comes_with_it(model_folder: Path, line: str, wanted: str) -> None:
    assert packages(model_folder, line, wanted, "other.txt") == {"requirements.txt", wanted}


def test_a_list_of_packages_that_a_list_names_comes_with_it(model_folder: Path) -> None:
    (model_folder / "pins").mkdir()
    (model_folder / "pins/base.txt").write_text("-c more.txt")
    (model_folder / "pins/more.txt").write_text("numpy<3")

    (model_folder / "requirements.txt").write_text("-r pins/base.txt")
    found = contexts_of(IMAGES, PREDICTOR)[-1].files

    assert {"install/packages/pins/base.txt", "install/packages/pins/more.txt"} <= set(found)


def test_the_class_of_a_predictor_is_no_package(model_folder: Path) -> None:
    (model_folder / "predictor.py").write_text("")

    found = contexts_of(IMAGES, PythonPredictor(type="python", path="p"))[-1].files

    assert set(found) == {"predictor/predictor.py", "predictor/model.joblib", *SBOM}


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (
            "pandas==2.2.3",
            "Pandas == 2.3.3 ; python_version > '3'",
            r"q/requirements.txt: pandas==2.3.3, and p",
        ),
        (
            "scikit_learn[a]==1.5.2",
            "x\nscikit-learn==1.9.1\n",
            "scikit-learn==1.9.1, and p has scikit-learn==1.5.2",
        ),
        ("pandas==2.3.3", "pandas==2.3.3 --hash=sha256:0", ""),
        ("pandas==2.3.3", "pandas>=2", ""),
    ],
)
def test_models_of_one_replica_that_pin_two_versions_are_refused(
    model_folder: Path, first: str, second: str, said: str
) -> None:
    other = model_folder.parent / "q"
    other.mkdir()
    (other / "model.joblib").write_bytes(b"other")
    (model_folder / "requirements.txt").write_text(first)
    (other / "requirements.txt").write_text(second)
    many = SklearnPredictor.model_validate({"type": "sklearn", "models": {"a": "p", "b": "q"}})

    if not said:
        assert len(contexts_of(IMAGES, many)) == 3
        return
    with pytest.raises(ContentError, match=said):
        contexts_of(IMAGES, many)


def test_the_instructions_of_a_build_depend_on_no_build_argument(tmp_path: Path) -> None:
    many = SklearnPredictor.model_validate(
        {"type": "sklearn", "models": {"a": "predictors/iris", "b": "predictors/iris"}}
    )
    (tmp_path / "context").mkdir()
    context = contexts_of(IMAGES, many)[-1]

    context.write(tmp_path / "context")

    text = (tmp_path / "context/Dockerfile").read_text()
    assert f"FROM {context.arguments['BASE_IMAGE']}\n" in text
    assert "COPY predictor /predictor/b\n" in text
    assert not [name for name in context.arguments if name in text.replace("AXON_PREDICTOR", "")]
