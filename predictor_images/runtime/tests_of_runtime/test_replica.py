"""A replica under load, full, ended, and wrong."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests_of_runtime.servers import PROJECT, Replica, replica, start
from tests_of_runtime.waiting import ended, gated, many, post, waits


def test_what_a_full_queue_refuses_is_exact(gate: Path) -> None:
    limits = {"max_concurrency": 2, "max_queue_length": 3, "threads_per_process": 2}
    with replica("python", waits(gate), limits=limits, config={"gate": str(gate)}) as made:
        answers = asyncio.run(many(made, gate, 12, in_flight=5))

        assert sorted(status for status, _ in answers) == [200] * 5 + [503] * 7
        assert made.metric("axon_in_flight_requests") == 0


def test_a_refused_request_says_when_to_come_back(gate: Path) -> None:
    limits = {"max_concurrency": 1, "max_queue_length": 0}
    with replica("python", waits(gate), limits=limits, config={"gate": str(gate)}) as made:
        asyncio.run(_refused(made, gate))


async def _refused(made: Replica, gate: Path) -> None:
    async with httpx.AsyncClient() as client:
        first = asyncio.create_task(post(client, made, 1))
        await asyncio.to_thread(made.until, "axon_in_flight_requests", 1)
        refused = await client.post(made.url, json=2)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        gate.touch()
        assert await first == (200, 1)


@pytest.mark.parametrize(("processes", "count"), [(1, 40), (2, 10)])
def test_no_request_that_was_accepted_is_lost_when_a_replica_ends(
    tmp_path: Path, processes: int, count: int
) -> None:
    with ThreadPoolExecutor(4) as pool:  # starting a replica takes most of the time
        rounds = [pool.submit(_end, gated(tmp_path / str(index)), processes) for index in range(count)]

        for one in rounds:
            assert one.result() == ([(200, value) for value in range(20)], 0)


def _end(gate: Path, processes: int) -> tuple[list[tuple[int, object]], int]:
    limits = {"processes_per_replica": processes}
    with replica("python", waits(gate), limits=limits, config={"gate": str(gate)}) as made:
        return asyncio.run(ended(made, gate)), made.process.wait(10)


def test_a_client_that_goes_frees_its_place(gate: Path) -> None:
    with replica("python", waits(gate), config={"gate": str(gate)}) as made:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(made.url, json=1, timeout=0.5)

        gate.touch()
        made.until("axon_in_flight_requests", 0)


def test_a_request_that_takes_too_long_is_answered(gate: Path) -> None:
    limits = {"request_timeout": 0.2}
    with replica("python", waits(gate), limits=limits, config={"gate": str(gate)}) as made:
        answer = httpx.post(made.url, json=1)

        assert (answer.status_code, answer.json()) == (504, {"error": "no answer within 0.2 s"})
        gate.touch()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "predictor.py: no such file"),
        ({"predictor.py": "class Other: pass"}, "predictor.py has no class Predictor"),
        ({"predictor.py": "class Predictor: pass"}, "Predictor has no method predict"),
        ({"predictor.py": "import nothing_of_the_kind"}, "No module named 'nothing_of_the_kind'"),
        (
            {"predictor.py": "class Predictor:\n def __init__(self): 1/0\n def predict(self, payload): 0"},
            "Predictor.__init__ failed: ZeroDivisionError: division by zero (predictor.py:2)",
        ),
        (
            {"predictor.py": "class Predictor:\n def predict(self, body): 0"},
            "Predictor.predict asks for body; there are payload, query_params, headers",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_serve_says_why_in_one_line_and_ends(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    process, _ = start("python", tmp_path)
    output, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert message in output
    assert len(output.splitlines()) == 1


def test_a_limit_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    process, _ = start("python", tmp_path, limits={"max_batchsize": 4})
    output, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "AXON_LIMITS" in output
    assert "max_batchsize" in output


def test_a_model_that_does_not_answer_its_own_sample_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "predictor.py").write_text(
        "class Predictor:\n def predict(self, payload): return 1 / payload"
    )
    (tmp_path / "sample.json").write_text("0")

    process, _ = start("python", tmp_path)
    output, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "sample.json is not answered: ZeroDivisionError: division by zero" in output


def test_a_line_of_the_log_is_found_by_request_and_by_trace(tmp_path: Path) -> None:
    (tmp_path / "predictor.py").write_text(
        "class Predictor:\n def predict(self, payload): return 1 / payload"
    )
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = {"x-request-id": "seven", "traceparent": trace}

    with replica("python", tmp_path, limits={"log_requests": True}) as made:
        answer = httpx.post(made.url, json=0, headers=headers)
        made.process.terminate()
        output, _ = made.process.communicate(timeout=30)

    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "seven")
    assert "ZeroDivisionError" not in answer.text
    failed, answered = [json.loads(line) for line in output.splitlines() if "seven" in line]
    assert failed["message"] == "ZeroDivisionError: division by zero"
    assert (answered["status"], answered["traceparent"]) == (500, trace)


def test_onnx_runtime_reports_to_no_one() -> None:
    # With no place for a device's identity, it says so in a line of its own before it reports.
    nowhere = {"HOME": "/proc/none", "XDG_CACHE_HOME": "", "CI": ""}
    with replica("onnx", PROJECT / "predictors/digits", environment=nowhere) as made:
        made.process.terminate()
        output, _ = made.process.communicate(timeout=30)

    assert [json.loads(line)["message"] for line in output.splitlines()] == ["ready"]
