"""The program of a stack, for projects that take axon as a dependency: axon's own `__main__.py`."""

import os
import runpy
import sys
from pathlib import Path


def run() -> None:
    """Declare the stack of the folder whose `__main__.py` calls this function."""
    caller = sys.modules["__main__"].__file__
    os.environ.setdefault("AXON_PROJECT", str(Path(caller).parent.absolute() if caller else Path.cwd()))
    from stacks.settings.project import CODE

    program = CODE / "__main__.py"
    runpy.run_path(str(program if program.exists() else Path(__file__).with_name("_program.py")))
