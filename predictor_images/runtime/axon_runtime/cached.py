"""Entries of the model cache: folders with one or more files."""

import hashlib
import shutil
from pathlib import Path


def is_entry(place: Path) -> bool:
    """Return whether an entry exists: a nonempty folder, not a link, whose target others may write."""
    return place.is_dir() and not place.is_symlink() and any(place.iterdir())


def holds(place: Path, checksum: str) -> bool:
    """Return whether an entry is a single regular file with this SHA-256."""
    files = list(place.iterdir()) if is_entry(place) else []
    if len(files) != 1 or files[0].is_symlink() or not files[0].is_file():
        return False
    return sha256_of(files[0]) == checksum


def remove(place: Path) -> None:
    """Remove the entry or any other file at its path."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
