"""The environments of `stacks/environments.yaml`, and those that a branch may change."""

import subprocess
from pathlib import Path

import yaml

from axon.stack_file import GitError, path_of
from stacks.settings.project import PROJECT

FILE = "stacks/environments.yaml"
# Paths that are part of no environment.
_UNRELATED = (
    "bootstrap/",
    "docs/",
    "tests/",
    "benchmarks/",
    "local/",
    ".github/",
    ".ci/",
    "gitops/",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "STYLE.md",
    "renovate.json5",
)


def environments(project: Path = PROJECT) -> list[str]:
    """Return the environments in the order of deployment."""
    return list(yaml.safe_load((project / FILE).read_text()))


def changed(base: str, project: Path = PROJECT) -> list[str]:
    """Return the environments that a branch may change: those whose files differ, or all if the program does.

    Raises:
        GitError: when there is no such commit.
    """
    files = _differing(base, project)
    own = {path_of(stack): stack for stack in environments(project)}
    others = [
        file for file in files if not file.startswith(_UNRELATED) and not file.startswith("stacks/Pulumi.")
    ]
    return [stack for path, stack in own.items() if others or path in files]


def _differing(base: str, project: Path) -> list[str]:
    # Three dots: the changes of the branch, without later changes of its base.
    command = ["git", "diff", "--name-only", f"{base}...HEAD"]
    run = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if run.returncode:
        raise GitError(f"git diff {base}...HEAD: {run.stderr.strip()} (fetch the base with its history)")
    return run.stdout.splitlines()
