"""The program of a stack, for projects that take axon as a dependency: axon's own `__main__.py`."""

import runpy
from pathlib import Path

from stacks.settings.project import CODE


def run() -> None:
    """Declare the stack of the current folder, in which the engine runs a project's program."""
    program = CODE / "__main__.py"
    runpy.run_path(str(program if program.exists() else Path(__file__).with_name("_program.py")))
