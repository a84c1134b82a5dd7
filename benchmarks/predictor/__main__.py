"""Comparison of the runtime with other servers, with the same models: `python -m benchmarks.predictor`.

Each server has one core and the load generator (wrk) another. Rounds are interleaved; compare the ratios to
the best peer and to the floor within a run. `bare` is the model in a loop, without a server. uv installs each
peer into an environment of its own.
"""

import argparse
import re
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import astuple, dataclass
from pathlib import Path

from benchmarks.predictor.models import MODELS, save
from benchmarks.predictor.servers import OURS, SERVERS, Served, bare, served

_LUA = """wrk.method = "POST"
wrk.body = [=[{body}]=]
wrk.headers["content-type"] = "application/json"
"""


@dataclass(frozen=True)
class Round:
    """Figures of one server in one round."""

    requests: float
    """Requests per second."""
    p50: float
    """Milliseconds."""
    p99: float
    start: float
    """Seconds from its start to its first response."""
    memory: float
    """Memory of its processes in MB."""


def main() -> None:
    """Run the rounds and print a table for each model and number of connections."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.predictor", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, nargs="*", default=[32, 1])
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--servers", nargs="*", default=list(SERVERS), choices=SERVERS)
    told = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not on PATH (apt-get install wrk)")
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder))
        for model in told.models:
            for connections in told.connections:
                rounds: dict[str, list[Round]] = {name: [] for name in ("bare", *told.servers)}
                for _ in range(told.rounds):
                    rounds["bare"].append(_bare(Path(folder, model, "model.joblib"), told.seconds))
                    for name in told.servers:
                        with served(name, model, Path(folder)) as server:
                            rounds[name].append(_round(name, server, connections, told.seconds))
                _show(model, connections, rounds)


def _show(model: str, connections: int, rounds: dict[str, list[Round]]) -> None:
    medians = {name: _median(found) for name, found in rounds.items()}
    floor = medians["floor"].requests if "floor" in medians else float("nan")
    peers = [m.requests for name, m in medians.items() if name not in ("bare", "floor", *OURS)]
    best = max(peers, default=float("nan"))
    print(f"\n{model}, {connections} connections, medians of {len(next(iter(rounds.values())))}\n")
    print("| server | requests/s | ÷ best peer | ÷ floor | p50 ms | p99 ms | start s | MB |")
    print("|---|---|---|---|---|---|---|---|")
    for name, m in medians.items():
        ratios = f"{m.requests / best:.2f} | {m.requests / floor:.2f}"
        rest = f"{m.p50:.2f} | {m.p99:.2f} | {m.start:.2f} | {m.memory:.0f}"
        print(f"| {name} | {m.requests:,.0f} | {ratios} | {rest} |", flush=True)


def _median(rounds: list[Round]) -> Round:
    return Round(*map(statistics.median, zip(*map(astuple, rounds), strict=True)))


def _round(name: str, server: Served, connections: int, seconds: int) -> Round:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_LUA.format(body=server.body))
        script.flush()
        load = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", "--latency", "--timeout", "10s"]
        load += ["-s", script.name]
        subprocess.run([*load, "-d1", server.url], check=True, capture_output=True)  # warm
        run = subprocess.run([*load, f"-d{seconds}", server.url], check=True, capture_output=True, text=True)
    if "Non-2xx" in run.stdout:
        raise SystemExit(f"{name} answered with errors:\n{run.stdout}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", run.stdout)
    assert found
    p50, p99 = (_latency(run.stdout, percentile) for percentile in ("50%", "99%"))
    return Round(float(found[1]), p50, p99, server.start, server.memory)


def _bare(model: Path, seconds: int) -> Round:
    with bare(model, seconds) as (process, found):
        return Round(**found, start=process.start, memory=process.memory)


def _latency(text: str, percentile: str) -> float:
    found = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s)", text)
    assert found
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]


if __name__ == "__main__":
    main()
