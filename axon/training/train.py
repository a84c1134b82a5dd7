"""Run a predictor's `train.py`, and record its files: git ignores them, and `make clean` removes them."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from axon.steps import StepFailed, timed
from stacks.settings.project import PROJECT

RECORD = ".trained"
# The packages of a script, which uv installs for it alone:
# https://packaging.python.org/en/latest/specifications/inline-script-metadata/
_METADATA = "# /// script\n"
UV = shutil.which("uv", path=sysconfig.get_path("scripts")) or "uv"
# First line of a .gitignore that axon wrote; any other file is the user's, and stays unchanged.
_MARK = "# Written by `make models`: what train.py makes."


def train(folder: Path) -> None:
    """Run the `train.py` of a folder, with the packages of its `requirements.txt`, and record the files that
    it wrote.

    Raises:
        StepFailed: if it fails.
    """
    before = _files(folder)
    with timed(f"train {folder.relative_to(PROJECT)}"):
        code = subprocess.run(_command(folder), cwd=PROJECT, check=False).returncode
    if code:
        raise StepFailed(f"{folder.relative_to(PROJECT)}/train.py failed ({code})")
    after = _files(folder)
    changed = {name for name, state in after.items() if before.get(name) != state}
    made = sorted((changed | _recorded(folder) & after.keys()) - _tracked(folder))
    (folder / RECORD).write_text("".join(f"{name}\n" for name in made))
    ignored = folder / ".gitignore"
    if not ignored.exists() or ignored.read_text().startswith(_MARK):
        lines = [_MARK, "/.gitignore", f"/{RECORD}", *(f"/{name}" for name in made)]
        ignored.write_text("".join(f"{line}\n" for line in lines))


def forget(project: Path = PROJECT) -> None:
    """Remove the files that every `train.py` of the project wrote, and nothing else."""
    for folder in _trained(project):
        for name in _recorded(folder):
            file = folder / name
            if file.resolve().is_relative_to(folder.resolve()):
                file.unlink(missing_ok=True)
        ignored = folder / ".gitignore"
        if ignored.exists() and ignored.read_text().startswith(_MARK):
            ignored.unlink()
        (folder / RECORD).unlink()


def _command(folder: Path) -> list[str]:
    script = str(folder / "train.py")
    if _METADATA in (folder / "train.py").read_text():
        return [UV, "run", "--quiet", "--script", script]
    packages = folder / "requirements.txt"
    if not packages.exists():
        return [sys.executable, script]
    # In addition to those of the project, only for this run.
    return [
        UV,
        "run",
        "--quiet",
        "--no-sync",
        "--with-requirements",
        str(packages),
        "python",
        script,
    ]


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the modification time and the size of each file below a folder."""
    found: dict[str, tuple[int, int]] = {}
    for file in folder.rglob("*"):
        name = file.relative_to(folder)
        if file.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in name.parts):
            found[name.as_posix()] = (file.stat().st_mtime_ns, file.stat().st_size)
    return found


def _recorded(folder: Path) -> set[str]:
    record = folder / RECORD
    return set(record.read_text().splitlines()) if record.exists() else set()


def _tracked(folder: Path) -> set[str]:
    """Return the files of a folder that git tracks: they are the user's, even if `train.py` writes them."""
    run = subprocess.run(["git", "ls-files", "-z"], cwd=folder, capture_output=True, text=True, check=False)
    return set(run.stdout.split("\0")) if run.returncode == 0 else set()


def _trained(project: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(project):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if RECORD in files:
            yield Path(here)
