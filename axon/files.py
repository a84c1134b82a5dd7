"""Files that are whole at any moment, and readable by their owner alone from their first byte."""

import os
import tempfile
from pathlib import Path

PRIVATE = 0o600


def write_private(file: Path, content: str | bytes) -> None:
    """Put a file in place in one step: whoever reads it, and a kill, finds the old one or the new one."""
    data = content.encode() if isinstance(content, str) else content
    # mkstemp creates with mode 0600, whatever the umask.
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as new:
            new.write(data)
            new.flush()
            os.fsync(new.fileno())
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _keep_name(file.parent)


def write_if_other(file: Path, content: str) -> None:
    """Write a file only where its text or its mode differs: some programs end when theirs is written."""
    whole = file.exists() and file.read_bytes() == content.encode()
    if not whole or file.stat().st_mode & 0o777 != PRIVATE:
        write_private(file, content)


def private_folder(folder: Path) -> Path:
    """Return a folder that its owner alone may open; one that is there already is closed to others."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return folder


def _keep_name(folder: Path) -> None:
    """Write the folder's entry to the disk too: else a power failure could undo the rename."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
