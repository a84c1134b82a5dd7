"""Commands of a smoke test: each leaves a log, and says what failed in a few lines."""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

# What the AWS provider, the CLI and the engine begin the text of an error with.
_ERROR = re.compile(r"error|exception|denied|failed|invalid", re.IGNORECASE)
_SHOWN = 6


class Failed(Exception):
    """A step failed. Its text is what AWS, the engine or the product said, and where the whole log is."""


class Commands:
    """Runs commands in the project, with a log of each."""

    def __init__(self, project: Path, logs: Path) -> None:
        self._project, self._logs = project, logs
        logs.mkdir(parents=True, exist_ok=True)

    def run(self, step: str, *command: str) -> str:
        """Run a command to its end, and return its standard output.

        Raises:
            Failed: when it exits with another status than 0.
        """
        log = self._log(step)
        with log.open("a") as errors:
            errors.write(f"$ {' '.join(command)}\n")
            errors.flush()
            made = subprocess.run(
                command,
                cwd=self._project,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                check=False,
            )
            errors.write(made.stdout)
        if made.returncode:
            raise Failed(f"{' '.join(command[:3])} exited with {made.returncode}\n{errors_of(log)}\n{log}")
        return made.stdout

    def interrupted(self, step: str, command: Sequence[str], seen: str) -> None:
        """Start a command, and kill its process group once a line of its output holds `seen`.

        Raises:
            Failed: when the command ends without such a line.
        """
        log = self._log(step)
        with log.open("a") as file:
            process = subprocess.Popen(
                command,
                cwd=self._project,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            assert process.stdout
            for line in process.stdout:
                file.write(line)
                if seen in line:
                    os.killpg(process.pid, 9)
                    process.wait()
                    return
        process.wait()
        raise Failed(f"{' '.join(command[:3])} ended before there was anything to interrupt\n{log}")

    def _log(self, step: str) -> Path:
        return self._logs / f"{re.sub(r'[^a-z0-9]+', '-', step.lower()).strip('-')}.log"


def errors_of(log: Path) -> str:
    """Return the last lines of a log that tell of an error, or its end where none does."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    told = [line for line in lines if _ERROR.search(line)]
    return "\n".join(f"    {line[:400]}" for line in (told or lines)[-_SHOWN:])
