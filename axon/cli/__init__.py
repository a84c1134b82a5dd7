"""The program `axon`: its commands, and how each ends.

Exit codes: 0 success; 1 failure, with a message on standard error; 2 a wrong command line; 3 to 7 are the
outcomes of `report`, `drift` and `patches` (`axon.report.report.Exit`); 130 interrupted.
"""

import os
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from axon.cli import account, cluster, machine, new, review, stack
from axon.errors import UserError

app = typer.Typer(
    name="axon",
    help="Machine-learning models as production APIs on Kubernetes and AWS.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for room in (stack, machine, review, account):
    room.register(app)
app.add_typer(cluster.app, name="cluster", rich_help_panel="Machine")
app.add_typer(new.app, name="new", rich_help_panel="Start")
app.add_typer(new.convert, name="convert", rich_help_panel="Start")


def _version(wanted: bool) -> None:
    if wanted:
        print(version("axon"))
        raise typer.Exit


@app.callback()
def program(
    project: Annotated[
        Path | None,
        typer.Option(
            "--project",
            "-p",
            envvar="AXON_PROJECT",
            help="Folder with stacks/ and predictors/. Default: the current folder if it has Pulumi.yaml, "
            "else axon's own.",
        ),
    ] = None,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Machine-learning models as production APIs on Kubernetes and AWS."""
    if project:  # before a command imports the modules that read files of the project
        os.environ["AXON_PROJECT"] = str(project.absolute())


def main() -> None:
    """Run one command; what a user can fix is one message, not a traceback."""
    # uv, kubectl and others are called by their names, wherever axon is called from.
    os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    try:
        app()
    except Exception as error:
        if not _is_for_the_user(error):
            raise
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


def _is_for_the_user(error: Exception) -> bool:
    if isinstance(error, UserError):
        return True
    # Imported only if a command did, since the SDK takes a second: settings and contents raise its RunError.
    pulumi = sys.modules.get("pulumi")
    return pulumi is not None and isinstance(error, pulumi.RunError)
