"""Linters that run in their own environment, with the versions of `tests/workflows/requirements.txt`."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def isolated(command: Sequence[str], files: Sequence[Path]) -> subprocess.CompletedProcess[str]:
    """Run a linter over files of the project."""
    uv = [str(PROJECT / ".venv/bin/uv"), "run", "--isolated", "--no-project", "--python", sys.executable]
    packages = ["--with-requirements", str(PROJECT / "tests/workflows/requirements.txt")]
    whole = [*uv, *packages, *command, *map(str, files)]
    return subprocess.run(whole, cwd=PROJECT, capture_output=True, text=True, check=False)
