"""Commands for the local cluster: start, stop, delete, status, logs."""

import json
import os
from typing import Annotated

import typer

from axon.cli.options import Json, Stack

app = typer.Typer(help="Start, stop or inspect the local cluster.", no_args_is_help=True)


@app.command()
def start(stack: Stack = "local") -> None:
    """Start the local cluster, unless the stack has a cluster or your current context is one."""
    from axon.machine import LocalSettings
    from axon.session import start_cluster

    start_cluster(LocalSettings(), stack)


@app.command()
def stop() -> None:
    """Stop the local cluster; its data stays."""
    from axon.local_cluster import cluster
    from axon.machine import LocalSettings

    cluster.stop(LocalSettings())


@app.command()
def delete() -> None:
    """Stop the local cluster and remove its data and the state of the stack `local`."""
    from axon.cleanup import delete as run

    run()


@app.command()
def status(as_json: Json = False) -> None:
    """Show the state of the local cluster and of each of its processes; exit 1 unless it is ready."""
    from axon.local_cluster import cluster
    from axon.machine import LocalSettings

    states = cluster.status(LocalSettings())
    if as_json:
        print(json.dumps(states, indent=2))
    else:
        for name, state in states.items():
            print(f"{name:24} {state}")
    if states["cluster"] != "ready":
        raise typer.Exit(1)


@app.command()
def logs(
    name: Annotated[str, typer.Argument(help="Process, as `axon cluster status` names it.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as the log grows.")] = False,
) -> None:
    """Print the end of the log of a process."""
    from axon.machine import LocalSettings
    from axon.steps import StepFailed

    folder = LocalSettings().data_dir / "logs"
    file = folder / f"{name}.log"
    if not file.exists():
        have = ", ".join(sorted(f.stem for f in folder.glob("*.log"))) or "none: nothing was started"
        raise StepFailed(f"no log of {name} (have: {have})")
    os.execvp("tail", ["tail", "-n", "200", *(["-f"] if follow else []), str(file)])
