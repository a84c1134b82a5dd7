"""The memory of requests in flight: their bodies, decoded and not, and answers that are not sent yet."""

import ctypes
import gc
from pathlib import Path

# Of what is free once the model is loaded: the model itself needs the rest while it works.
_SHARE = 0.5
_SMALL = 1024

# https://man7.org/linux/man-pages/man3/mallopt.3.html
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE_BLOCK = 2**20
_ARENAS = 2
# Requests that took so many bytes together leave enough behind to look for.
_MUCH = 8 * 2**20


def return_freed_blocks() -> None:
    """Let the C library give large blocks back to the system when they are freed, instead of keeping them.

    Call it before the first thread. It has no effect where the C library is not glibc.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK)
        libc.mallopt(_M_ARENA_MAX, _ARENAS)


def _trim() -> None:
    """Give what is freed in small blocks back to the system."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


class MemoryFullError(Exception):
    """The replica has no memory for a request: now, or not even for it alone. The text is one line."""

    def __init__(self, *, ever: bool) -> None:
        now = "the replica's memory is taken by other requests"
        alone = "the request needs more memory than the replica has for all (compute.mem)"
        super().__init__(now if ever else alone)
        self.ever = ever


class Budget:
    """Bytes that requests in flight may take together; None: no limit. It belongs to one thread."""

    def __init__(self, total: int | None) -> None:
        self.total = total
        self.used = 0
        self._most = 0  # since the last `settle`

    def take(self, count: int) -> bool:
        """Take so many bytes, unless that is more than there are left."""
        if self.total is not None and self.used + count > self.total:
            return False
        self.used += count
        self._most = max(self._most, self.used)
        return True

    def give(self, count: int) -> None:
        """Give bytes back."""
        self.used -= count

    def settle(self) -> None:
        """Give memory back to the system after requests that took much; called each second."""
        if self._most >= _MUCH and self.used < _MUCH:
            gc.collect()  # what was loaded is left out of it (server.py)
            _trim()
            self._most = self.used


def budget(limit: int | None, processes: int) -> Budget:
    """Return the budget of one process, once its model is loaded, from the memory limit of all together.

    `limit` is in bytes; None: there is no limit, and no budget.
    """
    if limit is None:
        return Budget(None)
    return Budget(max(0, int((limit / processes - resident()) * _SHARE)))


def resident(process: int | str = "self") -> int:
    """Return the bytes of a process that are in memory (VmRSS of proc(5)); by default of this one."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def decoded_size(body: bytes) -> int:
    """Return how many bytes a body may take together with what it is decoded to, at most.

    JSON becomes objects of Python that are many times larger than their text: an empty list of 3 characters
    (`[],`) takes 64 bytes, a number of 2 takes 32. Other bodies take no more than this bound either.
    """
    if len(body) < _SMALL:
        return 33 * len(body)
    lists, objects = body.count(b"["), body.count(b"{")
    return 3 * len(body) + 32 * body.count(b",") + 64 * lists + 240 * objects + 30 * body.count(b'"')
