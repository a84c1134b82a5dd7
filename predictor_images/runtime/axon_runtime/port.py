"""The port of a replica that has several processes."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reserve(port: int) -> Iterator[None]:
    """Hold the port without listening: only workers on it are connected to.

    Raises:
        OSError: when another program has it.
    """
    # The kernel would let another such replica share the port. This name in its abstract namespace
    # (https://man7.org/linux/man-pages/man7/unix.7.html) has one owner, and goes with it.
    with bind(port), socket.socket(socket.AF_UNIX) as own:
        own.bind(f"\0axon-{port}")
        yield


def bind(port: int) -> socket.socket:
    """Return a socket on the port, which the processes of a replica may each have."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind(("0.0.0.0", port))
    except OSError:
        bound.close()
        raise
    return bound
