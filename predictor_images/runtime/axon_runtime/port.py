"""Ports of a replica."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


class PortError(Exception):
    """A port is not available. The text is one line."""


@contextmanager
def reserve(port: int) -> Iterator[None]:
    """Reserve the port of a replica with several processes without listening: the workers listen.

    Raises:
        PortError: when another program uses the port.
    """
    # The kernel would let another such replica share the port. This name in the kernel's abstract namespace
    # (https://man7.org/linux/man-pages/man7/unix.7.html) has one owner, and is released with its socket.
    with bind(port, shared=True), socket.socket(socket.AF_UNIX) as own:
        try:
            own.bind(f"\0axon-{port}")
        except OSError as error:
            raise _taken(port, error) from None
        yield


def bind(port: int, *, shared: bool = False) -> socket.socket:
    """Return a socket on a port; `shared`: whether each process of a replica may have one.

    Raises:
        PortError: when another program uses the port.
    """
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind(("0.0.0.0", port))
    except OSError as error:
        bound.close()
        raise _taken(port, error) from None
    return bound


def bind_management(port: int | None, public: int) -> socket.socket:
    """Return a socket on the management port: None is the port after the public one, or any free port.

    Raises:
        PortError: when another program uses the port.
    """
    if port is not None:
        return bind(port)
    try:
        return bind(public + 1)
    except (PortError, OverflowError):
        return bind(0)


def _taken(port: int, error: OSError) -> PortError:
    return PortError(f"port {port} cannot be had: {error.strerror}")
