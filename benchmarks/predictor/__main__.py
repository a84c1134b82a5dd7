"""The runtime beside other servers, with one model: `python -m benchmarks.predictor`.

Each server has one core and the load generator (wrk) another; rounds are interleaved, and what counts are
the ratios to the best peer and to the floor, in the same run. Peers are installed into environments of their
own, by uv.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

PROJECT = Path(__file__).parents[2]
PORT = 8190
_MODEL = ["scikit-learn==1.9.1", "joblib==1.5.3", "numpy==2.4.1", "uvicorn[standard]==0.54.0"]
PEERS = {"floor": _MODEL, "fastapi": [*_MODEL, "fastapi==0.165.0"]}
_LUA = """wrk.method = "POST"
wrk.body = '{"instances":[[5.1,3.5,1.4,0.2]]}'
wrk.headers["content-type"] = "application/json"
"""


@dataclass(frozen=True)
class Round:
    """What one server did in one round."""

    requests: float
    """A second."""
    p50: float
    """Milliseconds."""
    p99: float
    start: float
    """Seconds from its start to its first answer."""
    memory: float
    """MB, resident, of its process and their children."""


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.predictor", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--servers", nargs="*", default=["floor", "axon", "fastapi"])
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not on PATH (apt-get install wrk)")
    for connections in (32, 1):
        rounds: dict[str, list[Round]] = {name: [] for name in arguments.servers}
        for _ in range(arguments.rounds):
            for name in arguments.servers:
                rounds[name].append(_round(name, connections, arguments.seconds))
        _show(connections, rounds)


def _show(connections: int, rounds: dict[str, list[Round]]) -> None:
    medians = {name: _median(found) for name, found in rounds.items()}
    floor = medians["floor"].requests if "floor" in medians else float("nan")
    peers = [m.requests for name, m in medians.items() if name not in ("floor", "axon")]
    best = max(peers, default=float("nan"))
    print(f"\n{connections} connections, medians of {len(next(iter(rounds.values())))}\n")
    print("| server | requests/s | ÷ best peer | ÷ floor | p50 ms | p99 ms | start s | MB |")
    print("|---|---|---|---|---|---|---|---|")
    for name, m in medians.items():
        ratios = f"{m.requests / best:.2f} | {m.requests / floor:.2f}"
        rest = f"{m.p50:.2f} | {m.p99:.2f} | {m.start:.2f} | {m.memory:.0f}"
        print(f"| {name} | {m.requests:,.0f} | {ratios} | {rest} |")


def _median(rounds: list[Round]) -> Round:
    fields = ("requests", "p50", "p99", "start", "memory")
    return Round(*(statistics.median(getattr(r, field) for r in rounds) for field in fields))


def _round(name: str, connections: int, seconds: int) -> Round:
    with _served(name) as (pid, start), tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_LUA)
        script.flush()
        load = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", "--latency", "-s", script.name]
        url = f"http://127.0.0.1:{PORT}/"
        subprocess.run([*load, "-d1", url], check=True, capture_output=True)  # warm
        text = subprocess.run([*load, f"-d{seconds}", url], check=True, capture_output=True, text=True).stdout
        if "Non-2xx" in text:
            raise SystemExit(f"{name} answered with errors:\n{text}")
        found = re.search(r"Requests/sec:\s+([\d.]+)", text)
        assert found
        return Round(float(found[1]), _latency(text, "50%"), _latency(text, "99%"), start, _memory(pid))


def _latency(text: str, percentile: str) -> float:
    found = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s)", text)
    assert found
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]


@contextmanager
def _served(name: str) -> Iterator[tuple[int, float]]:
    command, environment = _command(name)
    began = time.monotonic()
    process = subprocess.Popen(
        ["taskset", "-c", "0", *command],
        env=environment,
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _await(process)
        yield process.pid, time.monotonic() - began
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def _command(name: str) -> tuple[list[str], dict[str, str]]:
    if name == "axon":
        own = {"AXON_PREDICTOR_FOLDER": "predictors/iris", "AXON_MODEL_NAME": "iris", "AXON_PORT": str(PORT)}
        return [str(PROJECT / ".venv/bin/python"), "-m", "axon_runtime"], {**os.environ, **own}
    script = Path(__file__).with_name("peers.py")
    return [str(_environment(name) / "bin" / "python"), str(script), name, str(PORT)], dict(os.environ)


def _environment(name: str) -> Path:
    """Return a peer's own environment, made once."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "axon" / "peers" / name
    if not (folder / ".made").exists():
        subprocess.run(["uv", "venv", "-q", "--clear", "--python", "3.11", folder], check=True)
        subprocess.run(["uv", "pip", "install", "-q", "--python", folder, *PEERS[name]], check=True)
        (folder / ".made").touch()
    return folder


def _await(process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    body = {"instances": [[5.1, 3.5, 1.4, 0.2]]}
    while True:
        try:
            if httpx.post(f"http://127.0.0.1:{PORT}/", json=body, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("a server did not start")
        time.sleep(0.01)


def _memory(pid: int) -> float:
    group = subprocess.run(
        ["pgrep", "-g", str(pid)], capture_output=True, text=True, check=True
    ).stdout.split()
    total = 0
    for member in group:
        status = Path(f"/proc/{member}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        total += int(found[1]) if found else 0
    return total / 1000


if __name__ == "__main__":
    main()
