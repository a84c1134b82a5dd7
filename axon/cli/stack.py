"""Commands for a stack: make it, preview it, remove it, ask its models."""

import dataclasses
import json
import sys
from typing import Annotated, Any

import typer

from axon.cli.options import Base, Json, Stack

_PANEL = "Stack"


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (up, preview, down, refresh, check, predict, explain):
        app.command(rich_help_panel=_PANEL)(command)


def up(stack: Stack = "local", base: Base = "main") -> None:
    """Make everything: tools, cluster, images, objects; then ask each model for its sample."""
    from axon.up import up as run

    _end(run(stack, base))


def preview(
    stack: Stack = "local",
    base: Base = "main",
    diff: Annotated[bool, typer.Option("--diff", help="Show the engine's diff of each object.")] = False,
) -> None:
    """Show what `up` would change, in plain words, with its risk, cost and policies."""
    from axon import engine
    from axon.checks.fit import check_fit
    from axon.session import ready

    settings = ready(stack)
    check_fit(settings)
    if diff:
        _end(engine.preview_diff(stack, settings))
        return
    from axon.report.terminal import show

    _end(show(stack, settings, base))


def down(
    stack: Stack = "local",
    confirm: Annotated[
        str, typer.Option("--confirm", help="The stack's name, for a stack that others depend on.")
    ] = "",
) -> None:
    """Remove a stack, with its cluster if the stack made that."""
    from axon import engine
    from axon.checks.removal import check_removable
    from axon.session import connected
    from axon.up import copy_state

    settings = connected(stack)
    check_removable(settings, stack, confirmed=confirm)
    copy_state(stack)
    _end(engine.destroy(stack))


def refresh(stack: Stack = "local") -> None:
    """Read the world into the state, without changing the world."""
    from axon import engine
    from axon.session import connected
    from axon.up import copy_state

    connected(stack)
    copy_state(stack)
    _end(engine.refresh(stack))


def check(stack: Stack = "local", as_json: Json = False) -> None:
    """Check a stack file, without the engine and without a cluster."""
    from stacks.settings import load_file

    settings = load_file(stack)
    if as_json:
        print(settings.model_dump_json())
    else:
        print(f"{stack}: {len(settings.models)} models, no problem")


def predict(
    model: Annotated[str | None, typer.Argument(help="Name of the model. Default: every model.")] = None,
    stack: Stack = "local",
    as_json: Json = False,
) -> None:
    """Send each model the sample.json of its folder, and print the answer and the curl command."""
    from axon.predict import answers_of, show
    from axon.session import connected

    settings = connected(stack)
    found = answers_of(settings, stack, [model] if model else list(settings.models))
    if as_json:
        _print_json([dataclasses.asdict(one) for one in found])
    else:
        show(found)


def explain(stack: Stack = "local") -> None:
    """Say why replicas are not ready."""
    from axon.explain.pods import explain as run
    from axon.session import connected

    run(connected(stack))


def _print_json(value: Any) -> None:
    json.dump(value, sys.stdout, indent=2)
    print()


def _end(succeeded: bool) -> None:
    if not succeeded:
        raise typer.Exit(1)
