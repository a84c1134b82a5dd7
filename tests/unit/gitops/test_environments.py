"""Which environments a branch may change."""

import subprocess
from pathlib import Path

import pytest

from axon.environments.environments import changed, environments
from axon.stack_file import GitError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with two environments, on a branch of its own."""
    for name in ("stacks/Pulumi.dev.yaml", "stacks/Pulumi.prod.yaml", "stacks/Pulumi.local.yaml"):
        write(tmp_path, name)
    (tmp_path / "stacks/environments.yaml").write_text("- dev\n- prod\n")
    git(tmp_path, "init", "-q", "-b", "main")
    commit(tmp_path)
    git(tmp_path, "checkout", "-q", "-b", "branch")
    return tmp_path


def git(project: Path, *words: str) -> None:
    who = ["-c", "user.name=me", "-c", "user.email=me@example.com"]
    subprocess.run(["git", *who, *words], cwd=project, check=True, capture_output=True)


def write(project: Path, name: str) -> None:
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text("config: {}\n# changed\n" if (project / name).exists() else "config: {}\n")


def commit(project: Path) -> None:
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "a change")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["stacks/Pulumi.dev.yaml"], ["dev"]),
        (["stacks/Pulumi.prod.yaml", "stacks/Pulumi.dev.yaml"], ["dev", "prod"]),
        (["components/route.py"], ["dev", "prod"]),
        (["predictors/iris/train.py"], ["dev", "prod"]),
        (["stacks/settings/model.py"], ["dev", "prod"]),
        (["stacks/Pulumi.local.yaml"], []),
        (["docs/gitops.md", "README.md", "tests/x.py", ".github/workflows/x.yaml"], []),
        (["CHANGELOG.md", "renovate.json5", ".pre-commit-config.yaml"], []),
    ],
)
def test_a_branch_changes_what_its_files_say(project: Path, files: list[str], expected: list[str]) -> None:
    for file in files:
        write(project, file)
    commit(project)

    assert changed("main", project) == expected


def test_what_happened_to_main_meanwhile_is_not_the_branchs(project: Path) -> None:
    git(project, "checkout", "-q", "main")
    write(project, "stacks/Pulumi.prod.yaml")
    commit(project)
    git(project, "checkout", "-q", "branch")
    write(project, "stacks/Pulumi.dev.yaml")
    commit(project)

    assert changed("main", project) == ["dev"]


def test_a_base_that_is_not_there_is_an_error(project: Path) -> None:
    with pytest.raises(GitError, match="fetch the base"):
        changed("origin/main", project)


def test_every_environment_has_a_stack_file() -> None:
    stacks = Path(__file__).parents[3] / "stacks"

    assert [name for name in environments() if not (stacks / f"Pulumi.{name}.yaml").exists()] == []
