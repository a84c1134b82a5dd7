"""Duration of each part of a pull request's checks: `python -m benchmarks.pull_request [MODELS…]`.

Lint and tests as the workflow runs them, then the report of a branch that adds a stack of MODELS models
(1 and 100), on the cluster that `make up` has started. The models are paused: no pod runs.
"""

import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from benchmarks.engine.__main__ import settings
from tests.stacks import PROJECT, Stack, environment_of_tests, stack

_PYTHON = str(PROJECT / ".venv/bin/python")
_CHECKS = {
    "lint": ["make", "lint"],
    "unit tests": [_PYTHON, "-m", "pytest", "-q", "tests/unit"],
    "tests of the runtime": [_PYTHON, "-m", "pytest", "-q", "predictor_images/runtime/tests_of_runtime"],
}


def timed(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Run a command, and return its seconds."""
    start = time.monotonic()
    run = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise SystemExit(f"{' '.join(command)}: {run.stdout[-2000:]}{run.stderr}")
    return time.monotonic() - start


def report(count: int) -> tuple[float, int]:
    """Return the seconds of the report of a stack of a number of models, and its characters."""
    name = f"bench-{uuid.uuid4().hex[:6]}"
    with tempfile.TemporaryDirectory(prefix="axon-report-") as root:
        folder = Path(root) / "axon"
        with stack(folder, name, settings(count, name)) as made:
            _commit(made)
            output = folder / "comment.md"
            words = ["-m", "axon", "report", "--stack", name, "--base", "HEAD", "--output", str(output)]
            seconds = timed([_PYTHON, *words], folder, made.environment)
            return seconds, len(output.read_text())


def _commit(made: Stack) -> None:
    """Create a repository of the stack's project; the file of its base has no models."""
    (made.folder / "policies").symlink_to(PROJECT / "policies")
    models = made.settings.pop("models")
    made.write()
    made.settings["models"] = models
    who = ["git", "-c", "user.name=me", "-c", "user.email=me@example.com"]
    for words in (["init", "-q"], ["add", "stacks"], ["commit", "-q", "-m", "base"]):
        subprocess.run([*who, *words], cwd=made.folder, check=True)
    made.write()


def main() -> None:
    """Print a line for each part."""
    os.environ |= environment_of_tests()
    print("| part | time |\n|---|---|", flush=True)
    for what, command in _CHECKS.items():
        print(f"| {what} | {timed(command, PROJECT, dict(os.environ)):.0f} s |", flush=True)
    for count in [int(word) for word in sys.argv[1:]] or [1, 100]:
        seconds, characters = report(count)
        what = f"preview and report of a new stack of {count} models"
        print(f"| {what} ({characters:,} characters) | {seconds:.0f} s |", flush=True)


if __name__ == "__main__":
    main()
