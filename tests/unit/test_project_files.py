"""Files that GitHub, Renovate and pre-commit read: valid by their schemas, and true of this repository."""

import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from tests.unit.isolated import PROJECT, isolated

FORMS = PROJECT / ".github/ISSUE_TEMPLATE"
HOOKS = PROJECT / ".pre-commit-config.yaml"
OWNERS = PROJECT / ".github/CODEOWNERS.in"


def tracked() -> list[str]:
    run = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True)
    return run.stdout.split()


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("github-issue-forms", FORMS / "bug.yml"),
        ("github-issue-forms", FORMS / "feature.yml"),
        ("github-issue-config", FORMS / "config.yml"),
        ("renovate", PROJECT / "renovate.json5"),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else value,
)
def test_files_are_valid_by_their_schema(schema: str, file: Path) -> None:
    run = isolated(["check-jsonschema", "--builtin-schema", f"vendor.{schema}"], [file])

    assert run.returncode == 0, run.stdout + run.stderr


def test_every_form_has_a_schema_test() -> None:
    assert {file.name for file in FORMS.iterdir()} == {"bug.yml", "feature.yml", "config.yml"}


def test_pre_commit_accepts_its_configuration() -> None:
    command = [str(Path(sys.executable).parent / "pre-commit"), "validate-config", str(HOOKS)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr


def test_hooks_run_programs_of_the_projects_environment() -> None:
    (repository,) = yaml.safe_load(HOOKS.read_text())["repos"]
    programs = [hook["entry"].split()[0] for hook in repository["hooks"]]

    assert repository["repo"] == "local", "a hook of another repository would have a version of its own"
    assert [name for name in programs if not name.startswith(".venv/bin/")] == []
    assert [name for name in programs if not (PROJECT / name).exists()] == []


def owned_patterns() -> list[str]:
    lines = [line.split() for line in OWNERS.read_text().splitlines() if line and not line.startswith("#")]
    assert {owner for _, owner in lines} == {"OWNER"}
    return [pattern.removeprefix("/") for pattern, _ in lines]


def test_every_owned_path_exists() -> None:
    files = tracked()
    unmatched = [
        pattern
        for pattern in owned_patterns()
        if not any(fnmatch(file, f"{pattern}*" if pattern.endswith("/") else pattern) for file in files)
    ]

    assert unmatched == []


@pytest.mark.parametrize("folder", [".github/", "axon/", "policies/", "bootstrap/"])
def test_code_that_runs_with_rights_on_aws_has_an_owner(folder: str) -> None:
    assert folder in owned_patterns()
