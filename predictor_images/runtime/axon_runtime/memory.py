"""Memory of requests in flight: their bodies, encoded and decoded, and responses not yet sent."""

import ctypes
import gc
from pathlib import Path

# Share of the memory that is free once the model is loaded: the model itself needs the rest for its runs.
_SHARE = 0.5
_SMALL = 1024

# https://man7.org/linux/man-pages/man3/mallopt.3.html
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE_BLOCK = 2**20
_ARENAS = 2
# Minimum number of bytes of requests together after which freed memory is worth returning.
_MUCH = 8 * 2**20


def return_freed_blocks() -> None:
    """Make the C library return large blocks to the system when they are freed, instead of keeping them.

    Must be called before the first thread starts. No effect if the C library is not glibc.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK)
        libc.mallopt(_M_ARENA_MAX, _ARENAS)


def _trim() -> None:
    """Return freed small blocks to the system."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


class MemoryFullError(Exception):
    """The replica has no memory for a request: at the moment, or even without other requests. The text is
    one line.
    """

    def __init__(self, *, ever: bool) -> None:
        now = "the replica's memory is taken by other requests"
        alone = "the request needs more memory than the replica has for all (compute.mem)"
        super().__init__(now if ever else alone)
        self.ever = ever


class Budget:
    """Memory limit of all requests in flight; None: no limit. It belongs to one thread."""

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.used = 0
        self._most = 0  # maximum since the last `settle`

    def take(self, count: int) -> bool:
        """Take the given number of bytes, and return whether enough were left."""
        if self.total is not None and self.used + count > self.total:
            return False
        self.used += count
        self._most = max(self._most, self.used)
        return True

    def give(self, count: int) -> None:
        """Release bytes."""
        self.used -= count

    def settle(self) -> None:
        """Return memory to the system after large requests; called every second."""
        if self._most >= _MUCH and self.used < _MUCH:
            gc.collect()  # loaded objects are frozen, and excluded (server.py)
            _trim()
            self._most = self.used


def budget(limit: int | None, processes: int) -> Budget:
    """Return the budget of one process after its model is loaded, from the memory limit of all processes.

    `limit` is in bytes; None: no limit, and no budget.
    """
    if limit is None:
        return Budget(None)
    return Budget(max(0, int((limit / processes - resident()) * _SHARE)))


def resident(process: int | str = "self") -> int:
    """Return a process's resident memory in bytes (VmRSS of proc(5)); by default the current one's."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def decoded_size(body: bytes) -> int:
    """Return the maximum number of bytes of a body together with its decoded value.

    JSON becomes Python objects that are many times larger than their text: an empty list of 3 characters
    (`[],`) takes 64 bytes, a number of 2 takes 32. Other bodies stay within this bound, too.
    """
    if len(body) < _SMALL:
        return 33 * len(body)
    lists, objects = body.count(b"["), body.count(b"{")
    return 3 * len(body) + 32 * body.count(b",") + 64 * lists + 240 * objects + 30 * body.count(b'"')
