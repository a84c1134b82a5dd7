"""Cost of components and settings, compared with a flat program: `python -m benchmarks.engine [COUNT…]`.

For each number of models it measures time and memory of a preview and, up to 100 models, of an `up`, in turn
with a flat program that registers the same resources, on the cluster that `make up` has started. The models
are paused, so that no pod runs and only the engine and the API server are measured.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axon.engine import OF_PREVIEWS
from tests.stacks import PROJECT, Stack, beside_local, environment_of_tests, stack

HERE = Path(__file__).parent
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# More models are only previewed: a node need not hold them.
MADE = 100
# A registry that gets no requests: paused models pull nothing.
IMAGE = "localhost:5000/axon/none:1"


@dataclass(frozen=True)
class Cost:
    """Time and memory of one run of the engine."""

    seconds: float
    megabytes: float
    """Resident memory of its largest process."""

    output: str


def settings(count: int, name: str) -> dict[str, Any]:
    """Return a stack of a number of models."""
    model = {
        "predictor": {"image": IMAGE},
        "paused": True,
        "autoscaling": {"target_cpu_utilization": 80},
    }
    models = {
        f"model-{index}": {**model, "networking": {"endpoint": f"/{name}/model-{index}"}}
        for index in range(count)
    }
    return {**beside_local(name), "models": models}


def measured(folder: Path, environment: dict[str, str], *words: str) -> Cost:
    """Run the engine, and return its time and memory."""
    report = folder / "cost"
    # GNU time's format: https://www.gnu.org/software/time/
    start = time.monotonic()
    run = subprocess.Popen(
        ["pulumi", *words, "--non-interactive"],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=report.open("w"),
        stderr=subprocess.PIPE,
    )
    error = run.stderr.read() if run.stderr else b""
    _, status, usage = os.wait4(run.pid, 0)
    seconds = time.monotonic() - start
    if status:
        raise SystemExit(f"pulumi {words[0]}: {error.decode()}{report.read_text()[-2000:]}")
    return Cost(seconds, usage.ru_maxrss / 1024, report.read_text())


def rounds(folder: Path, environment: dict[str, str], name: str, count: int) -> dict[str, Cost]:
    """Preview a stack of a number of models, create it, preview it again, and remove it."""
    on, previewing = ["--stack", name], environment | OF_PREVIEWS
    if count <= MADE:  # compiled and cached once, so that neither program pays for being the first
        measured(folder, previewing, "preview", *on)
    costs = {"preview": measured(folder, previewing, "preview", "--json", *on)}
    if count > MADE:
        return costs
    costs["up"] = measured(folder, environment, "up", "--yes", "--skip-preview", *on)
    costs["preview of no change"] = measured(folder, previewing, "preview", *on)
    measured(folder, environment, "destroy", "--yes", "--skip-preview", *on)
    return costs


def resources(preview: str, namespace: str) -> list[dict[str, Any]]:
    """Return the resources of a preview, with names instead of values that are still unknown."""
    steps = json.loads(preview)["steps"]
    found = [step["newState"] | {"name": step["urn"].rsplit("::", 1)[1]} for step in steps]
    return [
        {"type": one["type"], "name": one["name"], "inputs": _known(one["inputs"], one["name"], namespace)}
        for one in found
        if one["type"].startswith("kubernetes:") and one.get("custom") and not one.get("external")
    ]


def _known(value: Any, name: str, namespace: str, key: str = "") -> Any:
    if isinstance(value, dict):
        return {k: _known(v, name, namespace, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_known(item, name, namespace, key) for item in value]
    return (namespace if key == "namespace" else name) if value == UNKNOWN else value


@contextmanager
def flat(like: Stack, name: str, made: list[dict[str, Any]], folder: Path) -> Iterator[dict[str, str]]:
    """Create a project of the flat program, with a namespace of its own."""
    folder.mkdir()
    for own in ("state", "stacks"):
        (folder / own).mkdir()
    shutil.copy(HERE / "flat.py", folder / "__main__.py")
    (folder / "resources.json").write_text(json.dumps(made))
    shutil.copy(PROJECT / "Pulumi.yaml", folder)
    (folder / ".venv").symlink_to(PROJECT / ".venv")
    environment = {**like.environment, "PULUMI_BACKEND_URL": f"file://{folder}/state"}
    (folder / f"stacks/Pulumi.{name}.yaml").write_text("config: {}\n")
    measured(folder, environment, "stack", "init", name)
    yield environment


def compared(count: int) -> None:
    """Print one line per round for one number of models."""
    name = f"bench-{uuid.uuid4().hex[:6]}"
    with tempfile.TemporaryDirectory(prefix="axon-engine-") as root:
        folder = Path(root) / "axon"
        with stack(folder, name, settings(count, name)) as ours:
            ours.write()
            own = rounds(folder, ours.environment, name, count)
            made = resources(own["preview"].output, f"axon-{name}")
            with flat(ours, name, made, Path(root) / "flat") as environment:
                other = rounds(Path(root) / "flat", environment, name, count)
    for what, cost in own.items():
        theirs = other[what]
        print(
            f"| {count} | {len(made)} | {what} | {cost.seconds:.1f} s | {theirs.seconds:.1f} s "
            f"| {cost.seconds / theirs.seconds:.2f} | {cost.megabytes / theirs.megabytes:.2f} |",
            flush=True,
        )


def main() -> None:
    """Compare for each number of models."""
    os.environ |= environment_of_tests()
    print("| models | resources | what | axon | flat | time ÷ flat | memory ÷ flat |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for count in [int(word) for word in sys.argv[1:]] or [1, 10, 100, 1000]:
        compared(count)


if __name__ == "__main__":
    main()
