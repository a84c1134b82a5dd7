"""Lint and types judge the project, and not what its users write."""

import subprocess
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[2]
RULES = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]


def judged(folder: Path) -> set[str]:
    """The files of a project with these rules that ruff looks at."""
    (folder / "pyproject.toml").write_text((PROJECT / "pyproject.toml").read_text())
    ruff = str(Path(sys.executable).parent / "ruff")
    run = subprocess.run([ruff, "check", "--show-files", "."], cwd=folder, capture_output=True, text=True)
    return {Path(line).relative_to(folder.resolve()).as_posix() for line in run.stdout.split()}


def test_a_class_of_the_users_is_not_judged(tmp_path: Path) -> None:
    for name in ("predictors/churn/predictor.py", "predictors/iris/train.py", "axon/found.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("class Predictor: pass\n")

    assert judged(tmp_path) == {"predictors/iris/train.py", "axon/found.py", "pyproject.toml"}
    assert "predictors" not in RULES["pyright"]["include"]


def test_every_example_of_the_project_is_judged() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "predictors/*.py"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.split()
    types = RULES["pyright"]["include"]

    assert {f"predictors/{Path(name).parts[1]}" for name in tracked} <= set(types)
