"""Commands for pull requests: the report of a change, drift, comments, and policies."""

import json
from pathlib import Path
from typing import Annotated

import typer

from axon.cli.options import Base, Markdown, Output, Stack

_PANEL = "Review"


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    for command in (report, policies, drift, comment, issue, changed, endpoints, ephemeral):
        app.command(rich_help_panel=_PANEL)(command)


def report(
    stack: Stack = "local",
    base: Base = "main",
    output: Output = None,
    preview: Annotated[
        Path | None, typer.Option(help="JSON of a preview, in place of running the engine.", exists=True)
    ] = None,
) -> None:
    """Write what the branch would do to a stack, as Markdown.

    Exit codes: 0 nothing is lost, 1 the preview failed, 3 something is destroyed, 4 a mandatory policy is
    not kept.
    """
    from axon.report.command import report as run

    raise typer.Exit(run(stack, base, output, preview))


def policies(stack: Stack = "local", base: Base = "main") -> None:
    """Ask the policies about what `up` would change; exit 4 if it must not."""
    from axon.gate import refused
    from axon.report.report import Exit
    from axon.session import connected

    if refused(stack, connected(stack), base):
        raise typer.Exit(Exit.FORBIDDEN)


def drift(stack: Stack = "local", output: Output = None) -> None:
    """Write what has changed in the world since the last `up`, as Markdown.

    Exit codes: 0 nothing, 5 something has changed, 6 an update is under way.
    """
    from axon.report.command import drift as run

    raise typer.Exit(run(stack, output))


def comment(
    pull_request: Annotated[int, typer.Option("--pull-request", help="Number of the pull request.")],
    file: Markdown,
) -> None:
    """Write a report as the comment of a pull request, in place of the stack's earlier one."""
    from axon.github import this_repository

    print(this_repository().comment(pull_request, file.read_text()))


def issue(
    file: Markdown,
    stack: Stack = "local",
    title: Annotated[str, typer.Option(help="Title, after the stack's name.")] = "has drifted",
    close: Annotated[bool, typer.Option("--close", help="Close the issue: it holds no more.")] = False,
) -> None:
    """Open or edit a stack's issue, such as that of its drift, or close it."""
    from axon.github import this_repository

    text, repository = file.read_text(), this_repository()
    if close:
        print(repository.close(text) or "no issue is open")
    else:
        print(repository.issue(f"{stack} {title}", text))


def changed(base: Base = "main") -> None:
    """Print the environments that a branch may change, as a JSON list."""
    from axon.environments.environments import changed as run

    print(json.dumps(run(base)))


def endpoints(stack: Stack = "local", output: Output = None) -> None:
    """Write where a stack's models answer, as Markdown."""
    from axon import engine
    from axon.report.command import write
    from axon.report.endpoints import endpoints_of
    from axon.session import connected

    connected(stack)
    write(endpoints_of(stack, engine.outputs(stack)["models"]), output)


def ephemeral(
    stack: Stack,
    name: Annotated[str, typer.Option(help="Name of the new stack, such as pr-12.")],
    kubeconfig: Annotated[str | None, typer.Option(help="Kubeconfig of the environment's cluster.")] = None,
) -> None:
    """Write the stack file of a pull request's own stack, on the cluster of an environment."""
    from axon.environments.ephemeral import write_ephemeral

    write_ephemeral(stack, name, kubeconfig)
