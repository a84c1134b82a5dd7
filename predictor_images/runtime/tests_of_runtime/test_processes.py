"""Several processes in a replica: one limit, one page of metrics, and what the end of one costs."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import joblib
import pytest
from sklearn.dummy import DummyClassifier

from tests_of_runtime.servers import Replica, replica, start
from tests_of_runtime.waiting import many, post, taken, waits

TWO = {"processes_per_replica": 2}
WHO = "import os\nclass Predictor:\n def predict(self, payload): return os.getpid()"


def workers(made: "subprocess.Popen[str]") -> list[int]:
    """The processes that a replica's own has started."""
    return [int(pid) for pid in Path(f"/proc/{made.pid}/task/{made.pid}/children").read_text().split()]


def lives(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def written(folder: Path, text: str) -> Path:
    (folder / "predictor.py").write_text(text)
    return folder


@contextmanager
def held(gate: Path, **limits: int) -> Iterator[Replica]:
    """A replica of two processes that answers once the gate is open."""
    with replica("python", waits(gate), limits={**TWO, **limits}, config={"gate": str(gate)}) as made:
        yield made


def answered_by(made: Replica) -> set[int]:
    return {made.post(0) for _ in range(20)}


def answered_since(made: Replica) -> set[int]:
    """Ask on, after a process has died with the connections that it had taken."""
    with suppress(httpx.TransportError):
        return answered_by(made)
    return set()


def test_what_a_full_queue_refuses_is_exact_over_all_processes(gate: Path) -> None:
    with held(gate, max_concurrency=3, max_queue_length=4) as made:
        answers = asyncio.run(many(made, gate, 40, in_flight=7))

        assert sorted(status for status, _ in answers) == [200] * 7 + [503] * 33
        assert made.metric("axon_requests_total") == 40
        made.until("axon_in_flight_requests", 0)


def test_whichever_process_is_asked_for_metrics_tells_those_of_all(gate: Path) -> None:
    with held(gate) as made:
        asyncio.run(_counted(made, gate))
        made.until("axon_in_flight_requests", 0)  # a process counts a response after it was sent

        pages = {httpx.get(f"{made.management}/metrics").text for _ in range(20)}
        assert len(pages) == 1
        for name in ("requests_total", "request_duration_seconds_count", "predict_duration_seconds_count"):
            assert made.metric(f"axon_{name}") == 12
        assert made.metric("axon_queue_length") == 0


async def _counted(made: Replica, gate: Path) -> None:
    async with httpx.AsyncClient() as client:
        sent = [asyncio.create_task(post(client, made, value)) for value in range(12)]
        await asyncio.to_thread(made.until, "axon_in_flight_requests", 12)
        # Each process has one thread, and so works on one request.
        waiting = lambda: 12 - len(set(taken(gate).values()))  # noqa: E731
        await asyncio.to_thread(until, lambda: made.metric("axon_queue_length") == waiting())
        gate.touch()
        await asyncio.gather(*sent)


def test_the_requests_of_a_killed_process_fail_and_no_others(gate: Path) -> None:
    with held(gate, threads_per_process=32) as made:
        killed = workers(made.process)[0]
        answers = asyncio.run(_killed(made, gate, killed))

        lost = {value for value, pid in taken(gate).items() if pid == killed}
        assert {value for value, answer in enumerate(answers) if answer != (200, value)} == lost
        assert all(isinstance(answers[value], httpx.TransportError) for value in lost)
        made.until("axon_worker_restarts_total", 1)
        made.until("axon_in_flight_requests", 0)
        assert [made.post(value) for value in range(20)] == list(range(20))


async def _killed(made: Replica, gate: Path, pid: int) -> list[tuple[int, object] | BaseException]:
    async with httpx.AsyncClient() as client:
        sent = [asyncio.create_task(post(client, made, value)) for value in range(30)]
        await asyncio.to_thread(until, lambda: len(taken(gate)) == 30)
        os.kill(pid, signal.SIGKILL)
        mine = sum(1 for other in taken(gate).values() if other != pid)
        await asyncio.to_thread(made.until, "axon_in_flight_requests", mine)
        gate.touch()
        return await asyncio.gather(*sent, return_exceptions=True)


def test_the_places_of_a_killed_process_are_free_again(gate: Path) -> None:
    with held(gate, threads_per_process=32, max_concurrency=4, max_queue_length=0) as made:
        asyncio.run(_filled(made, gate))


async def _filled(made: Replica, gate: Path) -> None:
    async with httpx.AsyncClient() as client:
        first = [asyncio.create_task(post(client, made, value)) for value in range(4)]
        await asyncio.to_thread(until, lambda: len(taken(gate)) == 4)
        killed = taken(gate)[0]
        os.kill(killed, signal.SIGKILL)
        lost = sum(1 for pid in taken(gate).values() if pid == killed)
        await asyncio.to_thread(made.until, "axon_in_flight_requests", 4 - lost)
        again = [asyncio.create_task(post(client, made, value)) for value in range(10, 10 + lost)]
        await asyncio.to_thread(made.until, "axon_in_flight_requests", 4)
        assert await post(client, made, 99) == (503, {"error": REFUSED})
        gate.touch()
        assert [status for status, _ in await asyncio.gather(*again)] == [200] * lost
        await asyncio.gather(*first, return_exceptions=True)


REFUSED = "too many requests: this replica's queue is full"


def test_another_process_takes_the_place_of_one_that_died(tmp_path: Path) -> None:
    with replica("python", written(tmp_path, WHO), limits=TWO) as made:
        before = set(workers(made.process))
        until(lambda: answered_by(made) == before)
        killed = min(before)
        os.kill(killed, signal.SIGKILL)

        until(lambda: len(answered_since(made) - {killed}) == 2)
        assert set(workers(made.process)) == answered_by(made) | (before - {killed})


IMPATIENT = """\
from axon_runtime import __main__, workers
workers._SILENT_SECONDS = 5
__main__.main()
"""


def test_a_process_whose_event_loop_is_dead_is_replaced(tmp_path: Path) -> None:
    with replica("python", written(tmp_path, WHO), limits=TWO, program=("-c", IMPATIENT)) as made:
        stopped, other = workers(made.process)
        until(lambda: answered_by(made) == {stopped, other})
        os.kill(stopped, signal.SIGSTOP)

        until(lambda: not lives(stopped))
        until(lambda: len(answered_since(made)) == 2)


LATE = """\
import os, time
from pathlib import Path

class Predictor:
    def __init__(self, config):
        folder = Path(config["folder"])
        try:
            (folder / "first").touch(exist_ok=False)
        except FileExistsError:
            (folder / "second").touch()
            while not (folder / "open").exists():
                time.sleep(0.001)

    def predict(self, payload): return payload
"""


def test_no_port_is_open_before_all_processes_are_ready(tmp_path: Path) -> None:
    process, port = start("python", written(tmp_path, LATE), limits=TWO, config={"folder": str(tmp_path)})
    try:
        until((tmp_path / "second").exists)
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", port)) != 0
        (tmp_path / "open").touch()
        assert process.stdout
        assert json.loads(process.stdout.readline())["message"] == "ready"
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class Other: pass", "predictor.py has no class Predictor"),
        ("import os\nos._exit(3)", "ended by exit code 3 as it started"),
    ],
    ids=["no class", "no process"],
)
def test_what_cannot_load_says_why_once_and_ends(tmp_path: Path, text: str, message: str) -> None:
    process, _ = start("python", written(tmp_path, text), limits=TWO)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert message in output
    assert len(output.splitlines()) == 1


def test_what_dies_as_it_starts_again_and_again_ends_the_replica(tmp_path: Path) -> None:
    text = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)"
    process, _ = start("python", written(tmp_path, text), limits=TWO)
    output, _ = process.communicate(timeout=120)

    assert process.returncode == 1
    assert "ended by SIGSEGV as it started, 3 times in a row" in output.splitlines()[-1]
    assert len(output.splitlines()) <= 5


def test_a_port_that_another_replica_has_is_not_shared_with_it(tmp_path: Path) -> None:
    with replica("python", written(tmp_path, WHO), limits=TWO) as made:
        told = {"AXON_PORT": str(made.port)}
        process, _ = start("python", tmp_path, limits=TWO, environment=told)
        output, _ = process.communicate(timeout=60)

        assert process.returncode == 1
        assert f"port {made.port} cannot be had: Address already in use" in output
        assert set(workers(made.process)) >= answered_by(made)


def test_nothing_is_left_of_a_replica_that_ended(tmp_path: Path) -> None:
    before = set(tmp_path.parent.iterdir())
    with replica("python", written(tmp_path, WHO), limits=TWO) as made:
        assert set(tmp_path.parent.iterdir()) > before
        made.process.terminate()
        assert made.process.wait(30) == 0

    assert set(tmp_path.parent.iterdir()) == before


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_replicas_own(tmp_path: Path, end: signal.Signals) -> None:
    with replica("python", written(tmp_path, WHO), limits=TWO) as made:
        started = workers(made.process)
        assert len(started) == 2
        made.process.send_signal(end)

        assert made.process.wait(30) == (-end if end == signal.SIGKILL else 0)
        until(lambda: not any(map(lives, started)))


def test_processes_of_several_models_share_limit_and_metrics(tmp_path: Path) -> None:
    models: dict[str, dict[str, str]] = {}
    for number, name in enumerate("ab"):
        estimator = DummyClassifier(strategy="constant", constant=number).fit([[0, 0]] * 2, [0, 1])
        joblib.dump(estimator, tmp_path / f"{name}.joblib")
        models[name] = {"url": f"file://{tmp_path}/{name}.joblib"}
    environment = {"AXON_MODELS": json.dumps(models)}
    with replica("sklearn", tmp_path, limits=TWO, environment=environment) as made:
        for number, name in enumerate("abab"):
            assert made.post({"instances": [[1, 2]]}, f"/{name}") == {"predictions": [number % 2]}

        assert made.metric("axon_requests_total") == 4
        assert made.metric("axon_models_loaded") == 4
        made.until("axon_in_flight_requests", 0)
