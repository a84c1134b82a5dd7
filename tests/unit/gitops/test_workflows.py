"""The workflows of GitHub: of the right form, with the least rights, of the environments that there are."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops.environments import environments
from local.settings import LocalSettings
from local.steps import run_steps
from local.toolbox.go import go_command, missing_go

PROJECT = Path(__file__).parents[3]
WORKFLOWS = sorted((PROJECT / ".github/workflows").glob("*.yaml"))
NAMES = [file.stem for file in WORKFLOWS]


def judged(*words: str) -> subprocess.CompletedProcess[str]:
    uv = [str(PROJECT / ".venv/bin/uv"), "run", "--isolated", "--no-project", "--python", sys.executable]
    given = ["--with-requirements", str(PROJECT / "tests/workflows/requirements.txt")]
    files = [str(file) for file in WORKFLOWS]
    return subprocess.run([*uv, *given, *words, *files], capture_output=True, text=True, check=False)


def jobs(name: str) -> dict[str, Any]:
    return yaml.safe_load((PROJECT / f".github/workflows/{name}.yaml").read_text())["jobs"]


def test_workflows_have_the_form_that_github_reads() -> None:
    run = judged("check-jsonschema", "--builtin-schema", "vendor.github-workflows")

    assert run.returncode == 0, run.stdout + run.stderr


def test_workflows_are_right_by_actionlint() -> None:
    machine = LocalSettings()
    run_steps(missing_go(machine))
    words = [go_command(machine), "tool", "actionlint", "-no-color", "-shellcheck=", *map(str, WORKFLOWS)]

    # Of the version in go.mod there, whose sums are in go.sum.
    run = subprocess.run(words, cwd=PROJECT / "tests/workflows", capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr


def test_workflows_are_safe_by_the_rules_of_zizmor() -> None:
    """Among them: actions by commit, no more rights than are used, nothing of a pull request in a shell."""
    run = judged("zizmor", "--offline", "--no-progress")

    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("file", WORKFLOWS, ids=NAMES)
def test_actions_are_pinned_by_commit(file: Path) -> None:
    used = re.findall(r"uses: (\S+)", file.read_text())

    assert used
    assert [action for action in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action)] == []


def test_environments_are_deployed_in_their_order() -> None:
    deployed = jobs("deploy")

    assert list(deployed) == environments()
    assert [job.get("needs") for job in deployed.values()] == [None, *environments()[:-1]]
    assert [job["environment"] for job in deployed.values()] == environments()


def test_drift_and_removal_know_every_environment() -> None:
    assert jobs("drift")["drift"]["strategy"]["matrix"]["stack"] == environments()
    destroy = (PROJECT / ".github/workflows/destroy.yaml").read_text()
    assert f"options: [{', '.join(environments())}]" in destroy


@pytest.mark.parametrize("name", ["deploy", "drift", "destroy"])
def test_two_never_run_on_one_stack(name: str) -> None:
    for job in jobs(name).values():
        assert job["concurrency"]["group"].startswith("stack-")
        assert job["concurrency"]["cancel-in-progress"] is False


def test_a_fork_gets_no_preview() -> None:
    preview = jobs("pull-request")["preview"]

    assert "head.repo.full_name == github.repository" in preview["if"]
    assert {job: found.get("permissions") for job, found in jobs("pull-request").items()} == {
        "check": None,
        "changed": None,
        "preview": {"contents": "read", "id-token": "write", "pull-requests": "write"},
    }
