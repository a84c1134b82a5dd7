"""A memory limit as a pod has it, where this machine allows one."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_V1, _V2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")


@contextmanager
def memory_limit(size: int) -> Iterator[Path | None]:
    """Yield the file that a process writes its id to, to be killed above so many bytes; None: no limit here.

    https://docs.kernel.org/admin-guide/cgroup-v1/memory.html, https://docs.kernel.org/admin-guide/cgroup-v2.html
    """
    old = (_V1 / "memory.limit_in_bytes").exists()
    group = (_V1 if old else _V2) / f"axon-test-{uuid.uuid4().hex[:8]}"
    try:
        group.mkdir()
        (group / ("memory.limit_in_bytes" if old else "memory.max")).write_text(str(size))
    except OSError:
        if group.exists():
            group.rmdir()
        yield None
        return
    try:
        yield group / "cgroup.procs"
    finally:
        group.rmdir()


def enter(procs: Path) -> None:
    """Put this process into a group."""
    procs.write_text(str(os.getpid()))
