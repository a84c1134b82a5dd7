"""`make smoke STACK=dev`: a stack's whole life on the AWS account of an environment, and nothing of it left.

The stack is a copy of the environment's, called `smoke-dev`, on a cluster of its own, `axon-smoke-dev`. It
costs what that cluster costs meanwhile. The environment is not touched.
"""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from axon.state import state_home
from stacks.settings import SettingsError, load_file
from stacks.settings.aws.eks import EksCluster
from tests.smoke.commands import Commands, Failed
from tests.smoke.life import Life
from tests.smoke.stackfile import StackFile

PROJECT = Path(__file__).parents[2]


def main() -> int:
    """Run every step; return 0 if all passed."""
    parser = argparse.ArgumentParser(prog="python -m tests.smoke", description=__doc__)
    parser.add_argument("--stack", required=True, help="an environment on AWS, such as dev")
    stack: str = parser.parse_args().stack
    try:
        if not isinstance(load_file(stack).cluster, EksCluster):
            print(f"{stack} is not on AWS (cluster.kind: eks): nothing was done", file=sys.stderr)
            return 1
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    logs = state_home() / "smoke" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    print(f"logs: {logs}")
    life = Life(StackFile(PROJECT / "stacks", stack), Commands(PROJECT, logs), logs)
    return run(life)


def run(life: Life) -> int:
    """Run the steps between the first update and the removal; the removal runs whatever failed before it."""
    passed = [attempt("the engine's stack is made", life.init)]
    try:
        if passed[0]:
            up = attempt("the first update", life.up)
            passed += [up, *(attempt(title, step) if up else _not_run(title) for title, step in life.steps())]
    finally:
        if passed[0]:
            passed.append(attempt("the removal leaves nothing", life.down))
    print(f"{sum(passed)} of {len(passed)} steps passed")
    return 0 if all(passed) else 1


def attempt(title: str, step: Callable[[], None]) -> bool:
    """Run one step, and print whether it passed, with its time, or what failed."""
    start = time.monotonic()
    try:
        step()
    except (Failed, SettingsError, AssertionError) as error:
        print(f"FAIL  {title}  ({_minutes(start)})\n{error}", flush=True)
        return False
    print(f"pass  {title}  ({_minutes(start)})", flush=True)
    return True


def _not_run(title: str) -> bool:
    print(f"not run: {title}")
    return False


def _minutes(start: float) -> str:
    seconds = round(time.monotonic() - start)
    return f"{seconds // 60} min {seconds % 60} s"


if __name__ == "__main__":
    sys.exit(main())
