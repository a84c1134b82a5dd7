"""Files of a folder that go into an image: the same set for the tag and for the build.

Hidden files and compiled bytecode are excluded: nobody reviews them, and `__pycache__/predictor.pyc` would
run instead of `predictor.py`. Modes and times are the same on every machine.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pulumi

# Modification time of every file in an image: identical builds of identical files give identical images.
EPOCH = 315532800  # 1980-01-01
# https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
_POINTER, _POINTER_SIZE = b"version https://git-lfs.github.com/spec/", 1024


class ContentError(pulumi.RunError):
    """A folder cannot go into an image. The text is one line: the file, and how to fix the problem."""


def files_of(folder: Path, shown: str) -> dict[str, Path]:
    """Return the files below a folder by relative path; `shown` is the folder's name in errors.

    Raises:
        ContentError: when an entry is neither a file nor a folder, or links out of the folder.
    """
    found: dict[str, Path] = {}
    for entry in _entries(folder, shown):
        place = Path(entry.path).relative_to(folder).as_posix()
        if entry.is_symlink():
            found[place] = _target(Path(entry.path), folder, f"{shown}/{place}")
        elif entry.is_file():
            found[place] = Path(entry.path)
        else:
            raise ContentError(f"{shown}/{place}: not a file or a folder (remove it)")
        refuse_pointer(found[place], f"{shown}/{place}")
    return found


def _entries(folder: Path, shown: str) -> Iterator["os.DirEntry[str]"]:
    """Yield the entries below a folder, without folders themselves and without excluded files."""
    pending = [folder]
    while pending:
        here = pending.pop()
        try:
            entries = list(os.scandir(here))
        except OSError as error:
            raise ContentError(f"{shown}: {here.name}: {error.strerror}") from None
        for entry in entries:
            if _left_out(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                pending.append(Path(entry.path))
            else:
                yield entry


def _left_out(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__" or name.endswith((".pyc", ".pyo"))


def _target(link: Path, folder: Path, shown: str) -> Path:
    """Return the target file of a link in a folder."""
    try:
        target, root = link.resolve(strict=True), folder.resolve()
    except (OSError, RuntimeError):
        raise ContentError(f"{shown}: a link that leads to no file (remove it)") from None
    if not target.is_relative_to(root):
        raise ContentError(f"{shown}: a link that leads out of the folder (copy the file in its place)")
    if any(_left_out(part) for part in target.relative_to(root).parts):
        raise ContentError(f"{shown}: a link to a hidden file (copy the file in its place)")
    if not target.is_file():
        raise ContentError(f"{shown}: a link to a folder (copy the folder in its place)")
    return target


def refuse_pointer(file: Path, shown: str) -> None:
    """Reject the pointer that Git LFS leaves instead of a file that was not fetched.

    Raises:
        ContentError: when the file is a pointer, or cannot be read.
    """
    try:
        if file.stat().st_size > _POINTER_SIZE:
            return
        content = file.read_bytes()
    except OSError as error:
        raise ContentError(f"{shown}: {error.strerror}") from None
    if content.startswith(_POINTER):
        raise ContentError(f"{shown}: a pointer of Git LFS, not the file itself (run `git lfs pull`)")


def digest_of(files: Mapping[str, Path]) -> str:
    """Return the hash of files: their paths, their content, and whether each is executable."""
    total = hashlib.sha256()
    for place, file in sorted(files.items()):
        with file.open("rb") as opened:
            content = hashlib.file_digest(opened, "sha256").hexdigest()
        line = f"{os.fsencode(place).hex()} {_mode(file):o} {content}\n"
        total.update(line.encode())
    return total.hexdigest()


def _mode(file: Path) -> int:
    """Return the mode of a file in an image: readable by all users, and executable if its owner may
    execute it.
    """
    return 0o755 if file.stat().st_mode & 0o100 else 0o644


def copy(files: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """Copy files to their paths below a folder, with fixed modes and times, and return the copies."""
    copies = {place: folder / place for place in files}
    for place, copied in copies.items():
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(files[place], copied)
        copied.chmod(_mode(files[place]))
        os.utime(copied, (EPOCH, EPOCH))
    for here, _, _ in os.walk(folder, topdown=False):
        os.chmod(here, 0o755)
        os.utime(here, (EPOCH, EPOCH))
    return copies
