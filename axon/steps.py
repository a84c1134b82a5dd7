"""Long steps, shown: what runs, how long it has run, and the log of what failed."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from axon.errors import UserError

console = Console(highlight=False, soft_wrap=True)


class StepFailed(UserError):
    """A step failed. Its text says which, why, and what to do."""


@dataclass(frozen=True)
class Step:
    """One thing to do, if it is not done."""

    title: str
    seconds: int
    """About how long it takes on two cores."""

    run: Callable[[], None]


def run_steps(steps: Sequence[Step]) -> None:
    """Show the plan, then run each step with its time."""
    if len(steps) > 1:
        total = sum(step.seconds for step in steps)
        console.print(f"To do, about {_minutes(total)} on two cores:")
        for step in steps:
            console.print(f"  · {step.title} [dim](about {_minutes(step.seconds)})[/dim]")
    for step in steps:
        with timed(step.title):
            step.run()


class timed:
    """Show a title while the block runs, then how long it took."""

    def __init__(self, title: str) -> None:
        self._title = title

    def __enter__(self) -> None:
        self._start = time.monotonic()
        self._status = console.status(self._title)
        if console.is_terminal:
            self._status.start()
        else:
            console.print(f"… {self._title}")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._status.stop()
        mark = "[red]✗[/red]" if error else "[green]✓[/green]"
        elapsed = time.monotonic() - self._start
        console.print(f"{mark} {self._title} [dim]{_minutes(elapsed)}[/dim]")


def run_logged(
    command: Sequence[str | Path],
    log: Path,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a command with its output in a log.

    Raises:
        StepFailed: with the end of the log, when the command fails or is not there.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        try:
            code = subprocess.run(
                [str(word) for word in command],
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        except OSError as error:
            raise StepFailed(f"{command[0]}: {error.strerror}") from None
    if code:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise StepFailed(f"{tail}\n{Path(str(command[0])).name} failed ({code}); its log: {log}")


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60:02} s" if whole >= 60 else f"{seconds:.0f} s"
