"""The Pulumi engine: from PATH when it is there and new enough, else ours with our language host."""

import hashlib
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

from local.settings import LocalSettings
from local.steps import Step, run_logged
from local.toolbox.builds import ENGINE, binary, missing_builds

NEEDED = (3, 200)
HOST = Path(__file__).parents[1] / "language_host"


def found_engine(settings: LocalSettings) -> str | None:
    """Return the machine's own `pulumi`, if it is new enough and has its Python host."""
    found = shutil.which("pulumi")
    if found is None or Path(found).is_relative_to(settings.cache_dir):
        return None
    output = subprocess.run([found, "version"], capture_output=True, text=True, check=False).stdout
    new_enough = tuple(int(n) for n in re.findall(r"\d+", output)[:2]) >= NEEDED
    return found if new_enough and shutil.which("pulumi-language-python") else None


def missing_engine(settings: LocalSettings) -> list[Step]:
    """Return the steps that make an engine, its language host and its provider."""
    if found_engine(settings):
        return []
    steps = missing_builds(settings, ENGINE)
    if not (_host(settings) / "pulumi-language-python").exists():
        steps.append(Step("make the Python language host", 5, lambda: _make_host(settings)))
    return steps


def engine_path(settings: LocalSettings) -> list[Path]:
    """Return what PATH needs before the machine's own, for the engine to find its parts."""
    if found_engine(settings):
        return []
    return [_host(settings), *dict.fromkeys(binary(settings, name).parent for name in ENGINE)]


def _host(settings: LocalSettings) -> Path:
    total = hashlib.sha256(version("pulumi").encode())
    for file in sorted(HOST.glob("*.py")):
        total.update(file.read_bytes())
    return settings.cache_dir / "tools" / f"language-host-{total.hexdigest()[:12]}"


def _make_host(settings: LocalSettings) -> None:
    """Give the host a virtual environment of its own: it must work in every checkout."""
    target = _host(settings)
    log = settings.cache_dir / "logs" / "language-host.log"
    environment = target / "venv"
    run_logged(["uv", "venv", "--clear", environment], log)
    run_logged(["uv", "pip", "install", "--python", environment, f"pulumi=={version('pulumi')}"], log)
    for file in HOST.glob("*.py"):
        shutil.copy(file, target)
    wrapper = target / "pulumi-language-python"
    wrapper.write_text(f'#!/bin/sh\nexec {environment}/bin/python -u {target}/host.py "$@"\n')
    wrapper.chmod(0o755)
