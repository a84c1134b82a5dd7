"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer


def _stack_names() -> list[str]:
    from stacks.settings.project import STACKS

    return sorted(file.name.split(".")[1] for file in STACKS.glob("Pulumi.*.yaml"))


Stack = Annotated[
    str,
    typer.Option(
        "--stack",
        "-s",
        envvar="AXON_STACK",
        help="Name of the stack: the environment in stacks/Pulumi.<name>.yaml.",
        autocompletion=_stack_names,
    ),
]
Base = Annotated[str, typer.Option("--base", help="Branch to compare with, whose policies apply too.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="File to write. Default: standard output.")
]
Markdown = Annotated[Path, typer.Option("--file", help="File with the Markdown.", exists=True)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for a program to read.")]
