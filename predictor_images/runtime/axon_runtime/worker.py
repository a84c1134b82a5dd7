"""`python -m axon_runtime.worker`: one of the processes of a replica, started by workers.py.

A worker reports when its model is loaded, or why loading failed, and serves on a signal from its parent.
"""

import ctypes
import os
import signal
import socket
import sys
from pathlib import Path

from axon_runtime.config import from_environment
from axon_runtime.places import Places
from axon_runtime.port import bind
from axon_runtime.saved import LoadError
from axon_runtime.server import application, leave, serve
from axon_runtime.user import PredictorError

_PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
# The parent reads lines of at most 64 KiB.
_LONGEST = 10_000


def main(index: int, parent: int, control: socket.socket, shared: Path) -> None:
    """Load the model, report to the parent, and serve until SIGTERM."""
    _end_with(parent)
    control.set_inheritable(False)
    config = from_environment()
    places = Places(shared, config.limits.most, index)
    try:
        app = application(config, places)
    except (LoadError, PredictorError) as error:
        control.sendall(f"{str(error)[:_LONGEST]}\n".encode())
        control.recv(1)  # the parent ends this process after it has read the failure
        sys.exit(1)
    control.sendall(b"ready\n")
    if control.recv(1):
        code = serve(app, config, bind(config.port, shared=True), None)
        leave(code, lambda: app.admission.oldest_call() > 0)


def _end_with(parent: int) -> None:
    """Make the kernel kill this process when its parent dies, for any reason."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), socket.socket(fileno=int(sys.argv[3])), Path(sys.argv[4]))
