"""The report of a change on a terminal: findings in plain words, without the engine's diff."""

from rich.markdown import Markdown

from axon import engine
from axon.report.command import report_of
from axon.report.markdown import failure, sections
from axon.report.report import Exit
from axon.steps import console
from stacks.settings import Stack


def show(name: str, settings: Stack, base: str) -> bool:
    """Print what an `up` would change, and return whether it may."""
    found = report_of(name, base, engine.preview_json(name, refresh=engine.on_aws(settings)))
    if found.preview.errors:
        _print(failure(name, found.preview.errors, found.secrets))
        return False
    _print(sections(found))
    if found.findings:
        console.print(
            f"[dim]`axon preview --stack {name} --diff` shows the engine's diff of each object.[/dim]"
        )
    return found.exit != Exit.FORBIDDEN


def _print(text: str) -> None:
    # A file or a pipe gets the Markdown as it is.
    console.print(Markdown(text) if console.is_terminal else text, markup=False)
