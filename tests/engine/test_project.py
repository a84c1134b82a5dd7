"""A project that takes axon as a dependency: its stack is previewed by axon's program."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from axon.new.project import new_project
from tests.stacks import environment_of_tests

pytestmark = pytest.mark.engine


def test_the_program_of_a_project_of_its_own_declares_its_models(tmp_path: Path) -> None:
    ours, state = tmp_path / "ours", tmp_path / "state"
    new_project(ours)
    state.mkdir()
    # The environment of the tests, in which axon is installed as a dependency is.
    (ours / ".venv").symlink_to(Path(sys.executable).parents[1])
    environment = {**environment_of_tests(), "PULUMI_BACKEND_URL": f"file://{state}"}
    environment.pop("PYTHONPATH", None)

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=ours, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    axon = str(Path(sys.executable).with_name("axon"))
    run(axon, "tools")  # with the charts that this machine cannot fetch
    run(axon, "new", "model", "churn")
    run(axon, "train")
    run("pulumi", "stack", "init", "local", "--non-interactive")
    steps = json.loads(run("pulumi", "preview", "--json", "--stack", "local", "--non-interactive"))["steps"]

    made = {step["urn"].rpartition("::")[2] for step in steps if "ModelApi" in step["urn"]}
    assert "churn" in made
    assert (ours / "predictors/churn/model.joblib").exists()
