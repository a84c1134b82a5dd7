"""Entries of the cache of models: folders that hold a file or several."""

import hashlib
import shutil
from pathlib import Path


def is_entry(place: Path) -> bool:
    """Whether there is an entry: a folder that holds something. A link leads where somebody else writes."""
    return place.is_dir() and not place.is_symlink() and any(place.iterdir())


def holds(place: Path, checksum: str) -> bool:
    """Whether an entry is one file, no link, with this SHA-256."""
    files = list(place.iterdir()) if is_entry(place) else []
    if len(files) != 1 or files[0].is_symlink() or not files[0].is_file():
        return False
    return sha256_of(files[0]) == checksum


def remove(place: Path) -> None:
    """Remove what stands in the place of an entry, if anything does."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
