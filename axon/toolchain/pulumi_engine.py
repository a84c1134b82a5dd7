"""The Pulumi engine: from PATH if it is new enough, otherwise axon's build with its language host."""

import hashlib
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

from axon.backend import pulumi_home
from axon.machine import LocalSettings
from axon.steps import Step, run_logged
from axon.toolchain.builds import ENGINE, binary, missing_builds, sdk_version

NEEDED = (3, 200)
HOST = Path(__file__).parent / "language_host"


def found_engine(settings: LocalSettings) -> str | None:
    """Return the machine's own `pulumi`, if it is new enough and has its Python host."""
    found = shutil.which("pulumi")
    if found is None or Path(found).is_relative_to(settings.cache_dir):
        return None
    output = subprocess.run([found, "version"], capture_output=True, text=True, check=False).stdout
    new_enough = tuple(int(n) for n in re.findall(r"\d+", output)[:2]) >= NEEDED
    return found if new_enough and shutil.which("pulumi-language-python") else None


def missing_engine(settings: LocalSettings) -> list[Step]:
    """Return the steps that build an engine, its language host and its provider."""
    if found_engine(settings):
        return []
    steps = missing_builds(settings, ENGINE)
    if not ((_folder(settings) / "pulumi").exists() and _plugin().exists()):
        steps.append(Step("join the engine and its Python host", 5, lambda: _join(settings)))
    return steps


def engine_path(settings: LocalSettings) -> list[Path]:
    """Return the folders that must precede the machine's own in PATH so that `pulumi` is found."""
    return [] if found_engine(settings) else [_folder(settings)]


def _folder(settings: LocalSettings) -> Path:
    total = hashlib.sha256(version("pulumi").encode())
    for name in ENGINE:
        total.update(binary(settings, name).parent.name.encode())
    for file in sorted(HOST.glob("*.py")):
        total.update(file.read_bytes())
    return settings.cache_dir / "tools" / f"engine-{total.hexdigest()[:12]}"


def _plugin() -> Path:
    """Return the folder in which the engine keeps the provider."""
    return pulumi_home() / "plugins" / f"resource-kubernetes-v{sdk_version()}"


def _join(settings: LocalSettings) -> None:
    """Put the host next to the engine, as in Pulumi's own release, and the provider into the engine's folder.

    The host has a virtual environment of its own: it must work in every checkout.
    """
    target = _folder(settings)
    target.mkdir(parents=True, exist_ok=True)
    log = settings.cache_dir / "logs" / "engine.log"
    environment = target / "venv"
    run_logged(["uv", "venv", "--clear", environment], log)
    run_logged(
        [
            "uv",
            "pip",
            "install",
            "--compile-bytecode",
            "--python",
            environment,
            f"pulumi=={version('pulumi')}",
        ],
        log,
    )
    for file in HOST.glob("*.py"):
        shutil.copy(file, target)
    wrapper = target / "pulumi-language-python"
    wrapper.write_text(f'#!/bin/sh\nexec {environment}/bin/python -u {target}/host.py "$@"\n')
    wrapper.chmod(0o755)
    engine, provider = (binary(settings, name) for name in ENGINE)
    plugin = ["plugin", "install", "resource", "kubernetes", sdk_version(), "--reinstall"]
    run_logged([engine, *plugin, "--file", provider], log)
    # Last, since its presence means that all is done; through a link the engine would not find its host.
    (target / "pulumi").unlink(missing_ok=True)
    (target / "pulumi").hardlink_to(engine)
