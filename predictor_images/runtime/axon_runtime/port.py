"""The ports of a replica."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


class PortError(Exception):
    """A port cannot be had. The text is one line."""


@contextmanager
def reserve(port: int) -> Iterator[None]:
    """Hold the port of a replica of several processes without listening: workers listen on it.

    Raises:
        PortError: when another program has it.
    """
    # The kernel would let another such replica share the port. This name in its abstract namespace
    # (https://man7.org/linux/man-pages/man7/unix.7.html) has one owner, and goes with it.
    with bind(port, shared=True), socket.socket(socket.AF_UNIX) as own:
        try:
            own.bind(f"\0axon-{port}")
        except OSError as error:
            raise _taken(port, error) from None
        yield


def bind(port: int, *, shared: bool = False) -> socket.socket:
    """Return a socket on a port; `shared`: the processes of a replica may each have one.

    Raises:
        PortError: when another program has it.
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
    """Return a socket on the management port: None is the port after the public one, or any that is free.

    Raises:
        PortError: when another program has it.
    """
    if port is not None:
        return bind(port)
    try:
        return bind(public + 1)
    except (PortError, OverflowError):
        return bind(0)


def _taken(port: int, error: OSError) -> PortError:
    return PortError(f"port {port} cannot be had: {error.strerror}")
