"""Which environments a branch may change: of the stacks that `stacks/environments.yaml` names."""

import subprocess
from pathlib import Path

import yaml

from axon.stack_file import GitError, path_of
from stacks.settings.project import PROJECT

FILE = "stacks/environments.yaml"
# What no environment is made of.
_BESIDE = (
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
    """Return the environments, in the order that they are deployed in."""
    return list(yaml.safe_load((project / FILE).read_text()))


def changed(base: str, project: Path = PROJECT) -> list[str]:
    """Return the environments that a branch may change: by their own files, or all where the program differs.

    Raises:
        GitError: when `base` is no commit here.
    """
    files = _differing(base, project)
    own = {path_of(stack): stack for stack in environments(project)}
    others = [
        file for file in files if not file.startswith(_BESIDE) and not file.startswith("stacks/Pulumi.")
    ]
    return [stack for path, stack in own.items() if others or path in files]


def _differing(base: str, project: Path) -> list[str]:
    # Three dots: what the branch did, not what has happened to its base since.
    command = ["git", "diff", "--name-only", f"{base}...HEAD"]
    run = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if run.returncode:
        raise GitError(f"git diff {base}...HEAD: {run.stderr.strip()} (fetch the base, with its history)")
    return run.stdout.splitlines()
