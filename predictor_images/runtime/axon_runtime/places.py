"""Shared memory of a replica's processes: their requests in flight, and the heartbeat of each."""

import fcntl
import mmap
import time
from pathlib import Path

_WIDTH = 8
_NUMBERS = 3  # per process


class Places:
    """Number of requests in flight per process. The limit applies to their sum.

    A process writes only its own number, so that the permits of a killed process can be released. The lock is
    a file lock, which the kernel releases when a process is killed; a semaphore would stay locked.
    """

    def __init__(self, file: Path, most: int, index: int = 0) -> None:
        self._file = file.open("r+b")
        shared = memoryview(mmap.mmap(self._file.fileno(), 0)).cast("q")
        count = len(shared) // _NUMBERS
        self._slots, self._beats = shared[:count], shared[count : 2 * count]
        self._calls = shared[2 * count :]
        self._most, self._index = most, index

    @staticmethod
    def create(file: Path, processes: int) -> None:
        """Create the file that the processes share."""
        file.write_bytes(bytes(_NUMBERS * _WIDTH * processes))

    def take(self) -> bool:
        """Take a permit, and return whether one was left in all processes together."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            if sum(self._slots) >= self._most:
                return False
            self._slots[self._index] += 1
            return True
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def give(self) -> None:
        """Release a permit. A concurrent count may include it or not; both are correct."""
        self._slots[self._index] -= 1

    def clear(self, index: int) -> None:
        """Release the permits of a dead process."""
        self._slots[index] = self._beats[index] = self._calls[index] = 0

    def beat(self, oldest_call: float) -> None:
        """Record a heartbeat of this process's event loop, with the age of its oldest call in seconds; 0:
        none.
        """
        now = time.monotonic_ns()  # the same clock in every process
        self._beats[self._index] = now
        self._calls[self._index] = now - int(oldest_call * 1e9) if oldest_call else 0

    def turns(self, index: int) -> bool:
        """Return whether a process's event loop has ever recorded a heartbeat."""
        return self._beats[index] > 0

    def silent(self, index: int) -> float:
        """Return the seconds since a process's last heartbeat; 0 before its first."""
        return _since(self._beats[index])

    def oldest_call(self, index: int) -> float:
        """Return the age in seconds of a process's oldest running call; 0 if none runs."""
        return _since(self._calls[index])


def _since(moment: int) -> float:
    return (time.monotonic_ns() - moment) / 1e9 if moment else 0.0
