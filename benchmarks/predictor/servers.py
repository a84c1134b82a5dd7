"""Processes of the compared servers, each on one core and in an environment of its own."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from benchmarks.predictor.models import BATCHED, ROW

PROJECT = Path(__file__).parents[2]
PORT = 8190
_OWN = str(PROJECT / ".venv/bin/python")
_UV = str(PROJECT / ".venv/bin/uv")
_MODEL = ["scikit-learn==1.9.1", "joblib==1.5.3", "numpy==2.4.1"]
# Packages of each peer's environment: the newest versions of November 2026.
_PEERS = {
    "fastapi": ["fastapi==0.165.0", "uvicorn[standard]==0.54.0"],
    "mlserver": ["mlserver==1.7.1", "mlserver-sklearn==1.7.1"],
    "bentoml": ["bentoml==1.4.40"],
    "litserve": ["litserve==0.2.19"],
    "ray": ["ray[serve]==2.60.0"],
}
OURS = ("axon", "axon-unbatched", "axon-onnx")
SERVERS = ("floor", *OURS, *_PEERS)


@dataclass(frozen=True)
class Served:
    """A running server."""

    pid: int
    start: float
    """Seconds from its start to its first response."""
    url: str
    body: str

    @property
    def memory(self) -> float:
        """Memory of its processes in MB; shared memory counts once."""
        return sum(map(_proportional, _family(self.pid)))


@contextmanager
def served(name: str, model: str, folder: Path, row: Sequence[float] = ROW) -> Iterator[Served]:
    """Serve the model of a name, whose folder is below the one given, until the end of the block.

    It is ready once it has answered `row`.
    """
    command, environment = _command(name, model, folder / model)
    path, body = _request(name, row)
    with tempfile.TemporaryDirectory() as own, Path(own, "log").open("w+") as log:
        began = time.monotonic()
        process = subprocess.Popen(
            ["taskset", "-c", "0", *command],
            env={**environment, "TMPDIR": own, "RAY_TMPDIR": own},
            cwd=PROJECT,
            stdout=log,
            stderr=log,
        )
        made = Served(process.pid, 0, f"http://127.0.0.1:{PORT}{path}", json.dumps(body))
        try:
            _await(name, process, made, Path(own, "log"))
            yield replace(made, start=time.monotonic() - began)
        finally:
            _end(process)


@contextmanager
def bare(model: Path, seconds: float) -> Iterator[tuple[Served, dict[str, float]]]:
    """Call a model without a server; yield its figures and its process until the end of the block."""
    script = str(Path(__file__).with_name("bare.py"))
    began = time.monotonic()
    process = subprocess.Popen(
        ["taskset", "-c", "0", _OWN, script, str(model), json.dumps(ROW), str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    try:
        process.stdout.readline()
        made = Served(process.pid, time.monotonic() - began, "", "")
        yield made, json.loads(process.stdout.readline())
    finally:
        _end(process)


def _command(name: str, model: str, folder: Path) -> tuple[list[str], dict[str, str]]:
    if name in OURS:
        told = {"AXON_PREDICTOR_FOLDER": str(folder), "AXON_MODEL_NAME": "model", "AXON_PORT": str(PORT)}
        told["AXON_ONNX"] = str(name == "axon-onnx").lower()
        if name == "axon-unbatched":
            told["AXON_LIMITS"] = json.dumps({"max_batch_size": 1})
        return [_OWN, "-m", "axon_runtime"], {**os.environ, **told}
    python = _OWN if name == "floor" else str(_environment(name) / "bin" / "python")
    batch = "batch" if model in BATCHED else "single"
    script = str(Path(__file__).with_name("peers.py"))
    return [python, script, name, str(PORT), str(folder / "model.joblib"), batch], dict(os.environ)


def _request(name: str, row: Sequence[float]) -> tuple[str, object]:
    """Return the path and the body of a request with one row."""
    if name == "mlserver":
        tensor = {"name": "rows", "shape": [1, len(row)], "datatype": "FP64", "data": row}
        return "/v2/models/model/infer", {"inputs": [tensor]}
    return "/predict" if name in ("bentoml", "litserve") else "/", {"instances": [row]}


def _environment(name: str) -> Path:
    """Return a peer's own environment, created once."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "axon" / "peers" / name
    wanted = " ".join([*_MODEL, *_PEERS[name]])
    made = folder / "made-of"
    if not made.exists() or made.read_text() != wanted:
        subprocess.run([_UV, "venv", "-q", "--clear", "--python", "3.11", folder], check=True)
        subprocess.run([_UV, "pip", "install", "-q", "--python", folder, *wanted.split()], check=True)
        made.write_text(wanted)
    return folder


def _await(name: str, process: "subprocess.Popen[bytes]", made: Served, log: Path) -> None:
    deadline = time.monotonic() + 120
    headers = {"content-type": "application/json"}
    with httpx.Client(timeout=5, headers=headers) as client:
        while True:
            with suppress(httpx.TransportError):
                answer = client.post(made.url, content=made.body)
                if answer.status_code == 200:
                    return
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{name} did not start:\n{log.read_text()}")
            time.sleep(0.01)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a server and its remaining processes."""
    family = _family(process.pid)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    found = [pid]
    for member in found:  # it grows as it is read
        found += [child for child, parent in parents.items() if parent == member]
    return found


def _proportional(pid: int) -> float:
    with suppress(OSError):
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        return int(found[1]) / 1000 if found else 0.0
    return 0.0
