"""Stand-ins for commands such as `aws`: scripts in a folder that is on PATH before all others."""

from pathlib import Path


def command(folder: Path, name: str, script: str) -> None:
    """Write the script of a command."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
