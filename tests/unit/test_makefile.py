"""Every command that the Makefile and the workflows give is one that its program has."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
# `$(LOCAL) fit`, `$(PY) -m gitops report`, `.venv/bin/python -m local env`
_CALL = re.compile(r"(?:-m (local|gitops)|\$\((LOCAL)\)) ([a-z][a-z-]+)")


def given() -> set[tuple[str, str]]:
    files = [PROJECT / "Makefile", *(PROJECT / ".github/workflows").glob("*.yaml")]
    calls = [found for file in files for found in _CALL.findall(file.read_text())]
    return {(module or "local", name) for module, _, name in calls}


@pytest.mark.parametrize("module", ["local", "gitops"])
def test_every_command_that_is_given_is_known(module: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    known = set(re.findall(r"^    ([a-z][a-z-]+)", run.stdout, re.MULTILINE))
    called = {name for of, name in given() if of == module}

    assert called
    assert called <= known
