"""Commands for this machine: its tools, its environment, images, and the training of examples."""

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer

from axon.cli.options import Base, Json, Stack

_PANEL = "Machine"


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (tools, env, images, train, clean):
        app.command(rich_help_panel=_PANEL)(command)
    app.command("push-model", rich_help_panel="Models")(push_model)


def tools(stack: Stack = "local") -> None:
    """Find or make the engine, the cluster's binaries and the image builder."""
    from axon.machine import LocalSettings
    from axon.session import install_tools

    install_tools(LocalSettings(), stack)


def env(
    stack: Annotated[
        str | None,
        typer.Option("--stack", "-s", help="Name of the stack. Default: the machine's, without a stack."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the environment of pulumi and kubectl: eval "$(axon env)"."""
    from axon.machine import LocalSettings
    from axon.session import load_stack, variables

    found = variables(LocalSettings(), load_stack(stack) if stack else None)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for name, value in found.items():
        print(f"export {name}={shlex.quote(value)}")


def images(stack: Stack = "local", base: Base = "main") -> None:
    """Build and push the images that a stack's registry lacks."""
    from axon import engine
    from axon.gate import refused
    from axon.session import check_models, connected
    from axon.up import make_images

    settings = connected(stack)
    check_models(settings)
    if engine.on_aws(settings):  # where the registry is made with everything but the models
        engine.select(stack)
        if refused(stack, settings, base):
            raise typer.Exit(1)
    make_images(stack, settings)


def train(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of a predictor. Default: those of the stack that changed.")
    ] = None,
    stack: Stack = "local",
) -> None:
    """Run the train.py of a predictor's folder, or of each of the stack's that has changed."""
    from axon.training.train import train as run
    from axon.training.trained import train_stale
    from stacks.settings import load_file

    if folder:
        run(folder.resolve())
    else:
        train_stale(load_file(stack))


def clean() -> None:
    """Remove what each train.py has made."""
    from axon.training.train import forget

    forget()


def push_model(
    path: Annotated[Path, typer.Argument(help="File or folder of the model.")],
    stack: Stack = "local",
    to: Annotated[str, typer.Option("--to", help="s3://bucket/prefix. Default: the stack's bucket.")] = "",
) -> None:
    """Upload a model to the stack's bucket, and print its URL and checksum."""
    from axon.push_model import push_model as run
    from axon.session import connected

    run(connected(stack), stack, path, to)
