"""Remove the local cluster, and with it the state of the stack that was on it."""

import contextlib
import shutil

from axon import engine
from axon.local_cluster import cluster
from axon.machine import LocalSettings
from axon.session import LOCAL, use_environment
from stacks.settings.project import PROJECT


def delete() -> None:
    """Stop the local cluster, remove its data, and forget the objects that were on it."""
    machine = LocalSettings()
    cluster.delete(machine)
    use_environment(machine, None)
    with contextlib.suppress(engine.EngineError):  # there is no such stack, or no engine
        engine.answer("stack", "rm", "--yes", "--force", "--preserve-config", stack=LOCAL)
    shutil.rmtree(PROJECT / "local/charts", ignore_errors=True)
