"""Folders of a project: axon's own files, and the stack files and predictors that axon works on.

Both are this repository, unless a project of its own takes axon as a dependency: its folder is named by
`AXON_PROJECT`, which `axon --project DIR` sets.
"""

import os
from pathlib import Path

VARIABLE = "AXON_PROJECT"

CODE = Path(__file__).parents[2]
"""Folder of axon's own files: policies, images of the runtime, pins of tools."""

PROJECT = Path(os.environ.get(VARIABLE) or CODE).absolute()
"""Folder with `Pulumi.yaml`, `stacks/` and `predictors/`."""

STACKS = PROJECT / "stacks"
"""Folder of the stack files."""


def project_file(path: str) -> Path:
    """Return a file or folder of the project, or axon's own if the project has none."""
    own = PROJECT / path
    return own if own.exists() else CODE / path
