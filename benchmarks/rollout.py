"""Failed and slow requests while replicas are replaced: `python -m benchmarks.rollout [ROUNDS]`.

On the cluster that `make up` has started, a stack of its own serves the iris classifier with two replicas
under constant load: undisturbed, then during ROUNDS (10) rolling updates, deleted replicas and evictions, and
half as many scale-ups and scale-downs. It prints the number of failed requests, and the 99th percentile
compared with the undisturbed load.
"""

import sys
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import SMALL
from tests.load import Load, load
from tests.replicas import IRIS, evict, pods, until_ready
from tests.stacks import Stack, beside_local, kubectl, stack

_CALM = 3000  # requests, enough for a 99th percentile


@dataclass(frozen=True)
class Seen:
    """Requests of the clients during one kind of event."""

    requests: int
    failed: int
    p99: float
    """Seconds."""


def of(answered: Load) -> Seen:
    """Summarize the requests of a load."""
    ordered = sorted(answered.seconds)
    failed = sum(count for outcome, count in answered.outcomes.items() if outcome != "200")
    return Seen(answered.count, failed, ordered[int(len(ordered) * 0.99)])


def through(live: Stack, change: Callable[[int], None], rounds: int) -> Seen:
    """Load the model during a number of changes, each until two replicas are ready."""
    with load(live.endpoints()[IRIS]) as answered:
        for index in range(rounds):
            change(index)
            until_ready(live, 2)
    return of(answered)


def calm(live: Stack) -> Seen:
    """Load the undisturbed model."""
    with load(live.endpoints()[IRIS]) as answered:
        answered.until_answered(_CALM)
    return of(answered)


def measure(live: Stack, rounds: int) -> dict[str, tuple[int, Seen]]:
    """Return the requests of the clients, by kind of event."""
    model = live.settings["models"][IRIS]

    def update(index: int) -> None:
        model["compute"] = {"cpu": f"{51 + index}m"}
        live.up()

    def delete(_: int) -> None:
        kubectl("delete", "pod", pods(live)[0], "-n", live.namespace, "--wait=false")

    def drain(_: int) -> None:
        evict(live, pods(live)[0])

    def scale(_: int) -> None:
        for count in (3, 2):
            model["autoscaling"] = {"min_replicas": count, "max_replicas": count}
            live.up()
            until_ready(live, count)

    half = max(1, rounds // 2)
    return {
        "nothing": (1, calm(live)),
        "rolling updates": (rounds, through(live, update, rounds)),
        "deleted replicas": (rounds, through(live, delete, rounds)),
        "evictions": (rounds, through(live, drain, rounds)),
        "scale-ups and downs": (half, through(live, scale, half)),
    }


def main() -> None:
    """Print a table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    name = f"bench-{uuid.uuid4().hex[:6]}"
    settings = beside_local(name)
    two = {"min_replicas": 2, "max_replicas": 2, "downscale_stabilization_period": "0s"}
    iris = {**settings["models"][IRIS], "compute": dict(SMALL), "autoscaling": two}
    settings["models"] = {IRIS: {**iris, "networking": {"endpoint": f"/{name}/{IRIS}"}}}
    with (
        tempfile.TemporaryDirectory(prefix="axon-rollout-") as root,
        stack(Path(root) / "axon", name, settings) as live,
    ):
        live.up()
        until_ready(live, 2)
        seen = measure(live, rounds)
    steady = seen["nothing"][1].p99
    print("| what happens | times | requests | failed | p99 ÷ calm |\n|---|---|---|---|---|")
    for what, (times, one) in seen.items():
        print(f"| {what} | {times} | {one.requests} | {one.failed} | {one.p99 / steady:.1f} |")
    requests, failed = (sum(getattr(one, key) for _, one in seen.values()) for key in ("requests", "failed"))
    print(f"| all | | {requests} | {failed} | |")


if __name__ == "__main__":
    main()
