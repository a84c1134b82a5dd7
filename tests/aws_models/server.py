"""moto as a process: an account that several processes work on, and that no other test shares.

`ThreadedMotoServer` in the tests' own process would share its resources with every other server and with
every `mock_aws` of that process.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.aws_models.names import name_zones_as_route_53

_PROJECT = Path(__file__).parents[2]


@contextmanager
def serving(account: str) -> Iterator[str]:
    """Run moto for as long as the context lasts, and yield its address."""
    environment = {
        "PATH": os.environ["PATH"],
        "MOTO_ACCOUNT_ID": account,
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    }
    command = [sys.executable, "-m", "tests.aws_models.server"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=_PROJECT, env=environment, stdin=pipe, stdout=pipe, text=True
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        # Its input ends here, or with this process: it stops by itself.


def main() -> None:
    """Serve on a free port, write the port, and stop when the input ends."""
    from moto.server import ThreadedMotoServer  # only the new process needs it

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # not a line for each call
    name_zones_as_route_53()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
