"""Memory that the processes of a replica share: their requests in flight, and signs of life of each."""

import fcntl
import mmap
import time
from pathlib import Path

_WIDTH = 8
_NUMBERS = 3  # of a process


class Places:
    """A number a process: its requests in flight. The limit is of their sum.

    A process writes its own number alone, so that what a killed one had can be taken back. The lock is a
    file's, since the kernel frees that with a process that is killed; a semaphore would stay taken.
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
        """Make the file that the processes share."""
        file.write_bytes(bytes(_NUMBERS * _WIDTH * processes))

    def take(self) -> bool:
        """Take a place, unless all processes together have none left."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            if sum(self._slots) >= self._most:
                return False
            self._slots[self._index] += 1
            return True
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def give(self) -> None:
        """Give a place back. Who counts meanwhile sees it taken or free, and both are true."""
        self._slots[self._index] -= 1

    def clear(self, index: int) -> None:
        """Take back what a dead process had."""
        self._slots[index] = self._beats[index] = self._calls[index] = 0

    def beat(self, oldest_call: float) -> None:
        """Note that this process's event loop turns, and the age of its oldest call in seconds; 0: none."""
        now = time.monotonic_ns()  # the same clock in every process
        self._beats[self._index] = now
        self._calls[self._index] = now - int(oldest_call * 1e9) if oldest_call else 0

    def turns(self, index: int) -> bool:
        """Say whether a process's event loop has turned at all."""
        return self._beats[index] > 0

    def silent(self, index: int) -> float:
        """Return for how many seconds a process's loop has not turned; 0 before it first does."""
        return _since(self._beats[index])

    def oldest_call(self, index: int) -> float:
        """Return for how many seconds a process's oldest call has run; 0 if none runs."""
        return _since(self._calls[index])


def _since(moment: int) -> float:
    return (time.monotonic_ns() - moment) / 1e9 if moment else 0.0
