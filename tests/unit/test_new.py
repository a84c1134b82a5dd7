"""New models and projects: files that work at once, and nothing overwritten."""

import re
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from axon.new import model as models
from axon.new.model import EXAMPLES, NewError, new_model, with_model
from axon.new.project import new_project
from axon.training import train as training
from axon.training.train import train
from stacks.settings import SettingsError, load_file
from stacks.settings.image_predictor import ImagePredictor
from stacks.settings.project import CODE

HEAD = "config:\n  axon:cluster: {kind: existing}\n  axon:images: {registry: localhost:5000/a}\n"
ENTRY = ["churn:", "  predictor: {type: sklearn, path: predictors/churn}"]
BLOCKS = {
    "no models": HEAD,
    "a key without models": f"{HEAD}  axon:models:\n",
    "one model": f"{HEAD}  axon:models:\n    iris:\n      predictor: {{type: sklearn, path: p}}\n",
    "a block in a model": f"{HEAD}  axon:models:\n    iris:\n      predictor:\n        type: sklearn\n"
    "        path: p\n",
    "a key after them": f"{HEAD}  axon:models:\n    iris:\n      predictor: {{type: sklearn, path: p}} # x\n"
    "\n  axon:platform: {install: false} # theirs\n",
    "a list at the end": f"{HEAD}  axon:models:\n    iris:\n      predictor: {{type: sklearn, path: p}}\n"
    "      node_groups:\n        - a\n        - b\nencryptionsalt: v1:x\n",
    "no line break at the end": f"{HEAD}  axon:models:\n    iris: {{predictor: {{type: sklearn, path: p}}}}",
}


@pytest.fixture
def project(stack_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a stack `test` that has one model."""
    stack_file.write_text(BLOCKS["one model"])
    monkeypatch.setattr(models, "PROJECT", stack_file.parents[1])
    return stack_file.parents[1]


@pytest.mark.parametrize("text", BLOCKS.values(), ids=list(BLOCKS))
def test_a_model_is_added_and_everything_else_stays(text: str) -> None:
    before, after = yaml.safe_load(text), yaml.safe_load(with_model(text, ENTRY))

    added = after["config"]["axon:models"].pop("churn")
    assert added == {"predictor": {"type": "sklearn", "path": "predictors/churn"}}
    assert (after["config"]["axon:models"] or None) == before["config"].get("axon:models")
    assert {**after["config"], "axon:models": 0} == {**before["config"], "axon:models": 0}
    lines = with_model(text, ENTRY).splitlines()
    assert [line for line in text.splitlines() if line.strip() and line not in lines] == []


@pytest.mark.parametrize("text", [f"{HEAD}  axon:models: {{}}\n", "config: {a: 1}\n"])
def test_a_file_that_is_not_written_as_blocks_is_left_alone_with_the_entry_to_add(text: str) -> None:
    with pytest.raises(NewError, match=r"must be a block(.|\n)*churn:\n  predictor: \{type: sklearn"):
        with_model(text, ENTRY)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_new_model_is_valid_at_once(project: Path, kind: str) -> None:
    assert new_model("churn", kind, "test") == ["predictors/churn/", "stacks/Pulumi.test.yaml"]

    predictor = load_file("test").models["churn"].predictor
    assert not isinstance(predictor, ImagePredictor)
    assert predictor.type == kind
    assert (project / "predictors/churn/sample.json").exists()
    assert {file.name for file in (project / "predictors/churn").iterdir()} & {"train.py", "predictor.py"}


@pytest.mark.parametrize(("kind", "made"), [("sklearn", "model.joblib"), ("onnx", "model.onnx")])
def test_a_new_model_is_trained_with_packages_of_its_own(
    project: Path, monkeypatch: pytest.MonkeyPatch, kind: str, made: str
) -> None:
    """A project that takes axon as a dependency has no scikit-learn."""
    monkeypatch.setattr(training, "PROJECT", project)
    new_model("churn", kind, "test")

    train(project / "predictors/churn")

    assert (project / "predictors/churn" / made).stat().st_size > 0
    names = re.findall(r'"(.+?)==(.+?)"', (project / "predictors/churn/train.py").read_text())
    assert dict(names)["scikit-learn"] == version("scikit-learn")


@pytest.mark.parametrize(
    ("name", "reason"), [("iris", "has a model iris already"), ("taken", "predictors/taken exists already")]
)
def test_nothing_is_overwritten(project: Path, name: str, reason: str) -> None:
    (project / "predictors/taken").mkdir(parents=True)
    before = (project / "stacks/Pulumi.test.yaml").read_text()

    with pytest.raises(NewError, match=reason):
        new_model(name, "sklearn", "test")

    assert (project / "stacks/Pulumi.test.yaml").read_text() == before


def test_a_name_that_settings_refuse_leaves_nothing_behind(project: Path) -> None:
    before = (project / "stacks/Pulumi.test.yaml").read_text()

    with pytest.raises(SettingsError, match="Not_A_Name"):
        new_model("Not_A_Name", "sklearn", "test")

    assert (project / "stacks/Pulumi.test.yaml").read_text() == before
    assert not (project / "predictors/Not_A_Name").exists()


def test_a_project_of_its_own_is_checked_from_anywhere(tmp_path: Path) -> None:
    new_project(tmp_path / "ours")

    for words in (["new", "model", "churn"], ["check"], ["check", "--stack", "dev"]):
        command = [sys.executable, "-m", "axon", "--project", str(tmp_path / "ours"), *words]
        run = subprocess.run(command, cwd=CODE, capture_output=True, text=True, check=False)
        if "dev" in words:
            assert (run.returncode, run.stderr.strip()) == (
                1,
                "stacks/Pulumi.dev.yaml: no such stack file (have: local)",
            )
        else:
            assert run.returncode == 0, run.stderr
    assert (tmp_path / "ours/predictors/churn/train.py").exists()
    assert not (CODE / "predictors/churn").exists()


def test_a_project_is_not_written_over_another(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: mine\n")

    with pytest.raises(NewError, match=r"has Pulumi\.yaml already"):
        new_project(tmp_path)

    assert [file.name for file in tmp_path.iterdir()] == ["Pulumi.yaml"]


def test_the_wheel_has_everything_that_a_project_needs(tmp_path: Path) -> None:
    """Built as `uvx --from git+…` builds it, and run from nothing but its files."""
    uv = Path(sys.executable).with_name("uv")
    build = [str(uv), "build", "--quiet", "--wheel", "--out-dir", str(tmp_path), str(CODE)]
    run = subprocess.run(build, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(tmp_path / "installed")
        names = opened.namelist()

    new_project(tmp_path / "ours", "axon")
    for words in (["new", "model", "churn"], ["check"], ["cost"]):
        command = [sys.executable, "-P", "-m", "axon", "--project", str(tmp_path / "ours"), *words]
        environment = {
            "PYTHONPATH": str(tmp_path / "installed"),
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
        }
        run = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
    assert {"axon/_program.py", "uv.lock", "policies/registries.txt"} <= set(names)
    assert "predictor_images/runtime/axon_runtime/app.py" in names
    assert not [name for name in names if name.startswith(("tests", "stacks/Pulumi."))]
