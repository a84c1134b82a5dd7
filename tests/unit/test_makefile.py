"""Every command that the Makefile, the workflows and the documents give is one that the program has."""

import re
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from axon.cli import app

PROJECT = Path(__file__).parents[2]
# `$(AXON) up`, `.venv/bin/axon cluster start`, `uv run axon new model`
_CALL = re.compile(
    r"(?:\$\(AXON\)|\.venv/bin/axon|`axon|uv run axon|\$\(axon) ([a-z][a-z-]+)(?: ([a-z][a-z-]+))?"
)
FILES = [
    PROJECT / "Makefile",
    PROJECT / "README.md",
    *sorted((PROJECT / ".github/workflows").glob("*.yaml")),
    *sorted((PROJECT / "docs").glob("**/*.md")),
]


def known(first: str, second: str) -> bool:
    """Whether the program has a command, or a command of a group."""
    program = typer.main.get_command(app)
    assert isinstance(program, TyperGroup)
    command = program.commands.get(first)
    if isinstance(command, TyperGroup):
        return not second or second in command.commands
    return command is not None


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_command_that_is_given_is_known(file: Path) -> None:
    assert [call for call in _CALL.findall(file.read_text()) if not known(*call)] == []


def test_the_makefile_gives_commands() -> None:
    assert len(_CALL.findall((PROJECT / "Makefile").read_text())) > 8
