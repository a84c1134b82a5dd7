"""Commands for AWS: what a stack costs, what an account needs, and newer releases."""

import dataclasses
import json
from typing import Annotated

import typer

from axon.cli.options import Json, Output, Stack

_PANEL = "AWS"


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (cost, bootstrap, patch, patches):
        app.command(rich_help_panel=_PANEL)(command)
    app.command("refresh-prices", rich_help_panel=_PANEL)(refresh_prices)
    app.command("back-up", rich_help_panel=_PANEL)(back_up)


def cost(stack: Stack = "local", as_json: Json = False) -> None:
    """Print the monthly cost of a stack."""
    from axon.cost.costs import cost_of
    from axon.cost.table import table
    from stacks.settings import load_file

    found = cost_of(load_file(stack))
    if as_json:
        print(json.dumps(dataclasses.asdict(found) if found else None, indent=2, default=str))
    elif found:
        print(table(found, stack), end="")
    else:
        print(f"{stack}: nothing of it is on AWS")


def bootstrap(
    account: Annotated[str, typer.Argument(help="Settings: bootstrap/Pulumi.<account>.yaml.")] = "main",
    backend: Annotated[
        str | None, typer.Option(help="URL of the state. Default: the bucket that this command makes.")
    ] = None,
) -> None:
    """Make what an AWS account needs before its first stack: state, keys, limits, roles for workflows."""
    from axon.environments.command import bootstrap as run

    run(account, backend)


def patch(stack: Stack) -> None:
    """Write newer releases of node images and add-ons into the stack file, as its pins."""
    from axon.patching.command import patch as run

    run(stack)


def patches(stack: Stack, output: Output = None) -> None:
    """Write how old nodes and add-ons are, and what is newest, as Markdown; exit 7 if that is newer."""
    from axon.patching.command import patches as run

    raise typer.Exit(run(stack, output))


def refresh_prices(
    url: Annotated[str | None, typer.Option(help="URL of the price list. Default: AWS' own.")] = None,
    region: Annotated[list[str] | None, typer.Option(help="Region. Default: those of the table.")] = None,
) -> None:
    """Write the table of prices from AWS' price list."""
    from axon.cost.refresh_prices import PRICE_LIST, refresh

    for line in refresh(url or PRICE_LIST, region):
        print(line)


def back_up(stack: Stack = "local") -> None:
    """Keep a copy of a stack's state; fail where an update was interrupted."""
    from axon.session import connected
    from axon.up import copy_state

    connected(stack)
    copy_state(stack)
