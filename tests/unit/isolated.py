"""Linters that run in an environment of their own, with pinned versions."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def isolated(
    command: Sequence[str], files: Sequence[Path], *, pins: str = "workflows", cwd: Path = PROJECT
) -> subprocess.CompletedProcess[str]:
    """Run a linter over files, with the versions of `tests/<pins>/requirements.txt`."""
    uv = [str(PROJECT / ".venv/bin/uv"), "run", "--isolated", "--no-project", "--python", sys.executable]
    packages = ["--with-requirements", str(PROJECT / f"tests/{pins}/requirements.txt")]
    whole = [*uv, *packages, *command, *map(str, files)]
    return subprocess.run(whole, cwd=cwd, capture_output=True, text=True, check=False)
