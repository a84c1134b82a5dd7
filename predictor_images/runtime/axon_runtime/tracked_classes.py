"""Classes with their own label: the first predicted ones up to a limit. All others share a label.

Each label is a Prometheus time series per replica, so predictions must not create an unlimited number.
"""

import fcntl
import os
from pathlib import Path
from urllib.parse import quote

import msgspec

OTHER = "other"
_LONGEST = 128


class TrackedClasses:
    """Tracked classes of one model. Processes of a replica share them, so the limit applies to all
    together.
    """

    def __init__(self, model: str, most: int) -> None:
        self._most = most
        self._names: set[str] = set()
        folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        self._file = Path(folder, f"classes-{quote(model, safe='')}") if folder else None

    def label(self, name: str) -> str:
        """Return the label under which a class is counted."""
        if name in self._names:
            return name
        if len(self._names) >= self._most or len(name) > _LONGEST:
            return OTHER
        return name if self._take(name) else OTHER

    def _take(self, name: str) -> bool:
        if self._file is None:
            self._names.add(name)
            return True
        with self._file.open("a+b") as file:  # closing the file releases the lock
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            self._names.update(map(msgspec.json.decode, file))
            if name not in self._names and len(self._names) < self._most:
                file.write(msgspec.json.encode(name) + b"\n")
                self._names.add(name)
        return name in self._names
