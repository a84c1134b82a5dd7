"""Commands that write new files: a model, a project, a stack file from Cortex' files."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from axon.cli.options import Stack

app = typer.Typer(help="Write a new model or a new project.", no_args_is_help=True)
convert = typer.Typer(help="Convert what another platform deploys.", no_args_is_help=True)


class Kind(StrEnum):
    """Types of predictors that a new model can begin as."""

    sklearn = "sklearn"
    onnx = "onnx"
    python = "python"


@app.command()
def model(
    name: Annotated[str, typer.Argument(help="Name of the model: lowercase letters, digits and hyphens.")],
    kind: Annotated[Kind, typer.Option("--type", help="Type of the predictor.")] = Kind.sklearn,
    stack: Stack = "local",
) -> None:
    """Write a predictor that works at once, with its entry in the stack file."""
    from axon.new.model import new_model

    for path in new_model(name, kind, stack):
        print(f"wrote {path}")
    print(f"next: put your own model into predictors/{name}, then `axon up --stack {stack}`")


@app.command()
def project(
    folder: Annotated[Path, typer.Argument(help="Folder of the new project.")],
    source: Annotated[
        str | None,
        typer.Option(help="URL to install axon from, as pip writes it. Default: where this one is from."),
    ] = None,
) -> None:
    """Write a project of its own, which takes axon as a pinned dependency."""
    from axon.new.project import new_project

    for path in new_project(folder, source):
        print(f"wrote {folder / path}")
    print(f"next: cd {folder}; uv run axon new model churn; uv run axon up")


@convert.command()
def cortex(
    files: Annotated[list[Path], typer.Argument(help="cluster.yaml and API specs, in any order.")],
) -> None:
    """Print the stack file of Cortex' files, and what has no match on standard error."""
    from migrations.from_cortex.command import convert_files

    raise typer.Exit(convert_files(files))
