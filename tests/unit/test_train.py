"""What a train.py makes: that alone is ignored by git, and removed by `make clean`."""

import subprocess
import sys
from pathlib import Path

import pytest

from axon.steps import StepFailed
from axon.training import train as training
from axon.training.train import forget, train

TRAIN = """\
from pathlib import Path

here = Path(__file__).parent
(here / "model.joblib").write_text("fitted")
(here / "vocabulary").mkdir(exist_ok=True)
(here / "vocabulary/words.txt").write_text("a b")
(here / "notes.md").write_text("trained")
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a folder whose notes.md is committed, and a saved model that nothing makes."""
    binaries = tmp_path / ".venv/bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    monkeypatch.setattr(training, "PROJECT", tmp_path)
    for name in ("made", "saved"):
        (tmp_path / "predictors" / name).mkdir(parents=True)
    (tmp_path / "predictors/made/train.py").write_text(TRAIN)
    (tmp_path / "predictors/made/notes.md").write_text("mine")
    (tmp_path / "predictors/saved/model.joblib").write_text("precious")
    (tmp_path / ".gitignore").write_text(".venv/\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "predictors/made", ".gitignore")
    return tmp_path


def git(project: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=project, capture_output=True, text=True, check=True).stdout


def untracked(project: Path) -> set[str]:
    return set(git(project, "ls-files", "--others", "--exclude-standard").split())


def test_git_ignores_what_train_py_made_and_nothing_else(project: Path) -> None:
    train(project / "predictors/made")

    assert (project / "predictors/made/model.joblib").exists()
    assert untracked(project) == {"predictors/saved/model.joblib"}


def test_clean_removes_what_train_py_made_and_nothing_else(project: Path) -> None:
    train(project / "predictors/made")
    train(project / "predictors/made")

    forget(project)

    left = {path.name for path in (project / "predictors").rglob("*") if path.is_file()}
    assert left == {"train.py", "notes.md", "model.joblib"}
    assert (project / "predictors/saved/model.joblib").read_text() == "precious"
    assert not (project / "predictors/made/model.joblib").exists()


def test_a_gitignore_of_the_users_own_stays(project: Path) -> None:
    own = project / "predictors/made/.gitignore"
    own.write_text("data/\n")

    train(project / "predictors/made")
    forget(project)

    assert own.read_text() == "data/\n"


def test_a_record_that_names_a_file_elsewhere_removes_nothing_there(project: Path) -> None:
    (project / "predictors/made/.trained").write_text("../saved/model.joblib\n")

    forget(project)

    assert (project / "predictors/saved/model.joblib").exists()


def test_a_train_py_that_fails_leaves_no_record(project: Path) -> None:
    (project / "predictors/made/train.py").write_text("raise SystemExit(3)")

    with pytest.raises(StepFailed, match=r"predictors/made/train.py failed \(3\)"):
        train(project / "predictors/made")

    assert not (project / "predictors/made/.trained").exists()


def test_a_train_py_has_the_packages_of_its_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "predictors/made/requirements.txt").write_text("pandas==2.3.3")
    uv = project / "uv"
    monkeypatch.setattr(training, "UV", str(uv))
    uv.write_text('#!/bin/sh\necho "$@" > "$0.asked"\n')
    uv.chmod(0o755)

    train(project / "predictors/made")

    asked = uv.with_suffix(".asked").read_text()
    assert f"--with-requirements {project}/predictors/made/requirements.txt python" in asked
