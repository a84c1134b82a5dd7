"""Several models in one replica."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import joblib
import numpy as np
import pytest
import tritonclient.http as triton
from prometheus_client.parser import text_string_to_metric_families
from sklearn.dummy import DummyClassifier

from tests_of_runtime.servers import Replica, replica, start

ROWS = {"instances": [[1.0, 2.0]]}
SLOW = """\
import time
from pathlib import Path

class Slow:
    def __init__(self, gate):
        self.gate = gate

    def predict(self, rows):
        while not Path(self.gate).exists():
            time.sleep(0.001)
        return rows[:, 0]
"""


@pytest.fixture
def models(tmp_path: Path) -> dict[str, dict[str, str]]:
    """Three models; each predicts its own number."""
    found: dict[str, dict[str, str]] = {}
    for number, name in enumerate("abc"):
        estimator = DummyClassifier(strategy="constant", constant=number).fit([[0, 0]] * 3, [0, 1, 2])
        joblib.dump(estimator, tmp_path / f"{name}.joblib")
        found[name] = {"url": f"file://{tmp_path}/{name}.joblib"}
    return found


def environment(models: dict[str, dict[str, str]], cache_size: int | None = None) -> dict[str, str]:
    size = {"AXON_CACHE_SIZE": str(cache_size)} if cache_size else {}
    return {"AXON_MODELS": json.dumps(models), **size}


@pytest.fixture
def all_loaded(tmp_path: Path, models: dict[str, dict[str, str]]) -> Iterator[Replica]:
    with replica("sklearn", tmp_path, environment=environment(models)) as made:
        yield made


def samples(made: Replica, name: str) -> dict[str, float]:
    """A metric's value by model."""
    text = httpx.get(f"{made.management}/metrics").text
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families), "a metric stands there twice"
    found: Counter[str] = Counter()
    for sample in (sample for family in families for sample in family.samples if sample.name == name):
        found[sample.labels.get("model", "")] += sample.value  # pyright: ignore[reportArgumentType]
    return dict(found)


def test_the_path_chooses_the_model(all_loaded: Replica) -> None:
    assert [all_loaded.post(ROWS, f"/{name}") for name in "abc"] == [
        {"predictions": [number]} for number in range(3)
    ]


def test_a_standard_client_finds_each_model(all_loaded: Replica) -> None:
    client = triton.InferenceServerClient(f"127.0.0.1:{all_loaded.port}")
    given = triton.InferInput("rows", [1, 2], "FP32")
    given.set_data_from_numpy(np.ones((1, 2), np.float32))

    assert client.is_server_ready()
    for number, name in enumerate("abc"):
        assert client.is_model_ready(name)
        assert client.is_model_ready(name, "1")
        assert not client.is_model_ready(name, "2")
        assert client.get_model_metadata(name)["name"] == name
        answer = client.infer(name, [given]).as_numpy("predictions")
        assert answer is not None
        assert answer.tolist() == [number]


def test_a_client_that_is_given_a_models_own_address_finds_the_protocol_there(all_loaded: Replica) -> None:
    client = triton.InferenceServerClient(f"127.0.0.1:{all_loaded.port}/b")

    assert client.is_model_ready("b")
    assert client.get_model_metadata("b")["name"] == "b"


@pytest.mark.parametrize("path", ["/d", "/v2/models/d/infer", "/"])
def test_a_model_that_there_is_not_is_answered_with_those_there_are(all_loaded: Replica, path: str) -> None:
    answer = httpx.post(f"{all_loaded.url}{path}", json=ROWS, headers={"x-request-id": "seven"})

    assert (answer.status_code, answer.headers["x-request-id"]) == (404, "seven")
    assert "a, b, c" in answer.json()["error"]


def test_a_replica_says_what_it_has(all_loaded: Replica) -> None:
    assert httpx.get(all_loaded.url).json()["models"] == ["a", "b", "c"]
    paths = httpx.get(f"{all_loaded.url}/openapi.json").json()["paths"]
    assert {"/a", "/v2/models/c/infer"} <= paths.keys()


def test_requests_are_counted_by_model(all_loaded: Replica) -> None:
    for path in ("/a", "/a", "/b"):
        all_loaded.post(ROWS, path)

    assert samples(all_loaded, "axon_requests_total") == {"a": 2, "b": 1, "c": 0}
    assert samples(all_loaded, "axon_in_flight_requests") == dict.fromkeys("abc", 0)
    assert samples(all_loaded, "axon_model_loads_total") == dict.fromkeys("abc", 1)
    assert samples(all_loaded, "axon_models_loaded") == {"": 3}


def test_the_least_recently_used_model_makes_room(tmp_path: Path, models: dict[str, dict[str, str]]) -> None:
    with replica("sklearn", tmp_path, environment=environment(models, 2)) as made:
        assert httpx.get(made.url).json()["loaded"] == ["a", "b"]
        made.post(ROWS, "/a")
        assert made.post(ROWS, "/c") == {"predictions": [2]}
        assert httpx.get(made.url).json()["loaded"] == ["a", "c"]
        assert made.post(ROWS, "/b") == {"predictions": [1]}

        assert samples(made, "axon_model_loads_total") == {"a": 1, "b": 2, "c": 1}
        assert samples(made, "axon_models_loaded") == {"": 2}
        assert samples(made, "axon_requests_total") == {"a": 1, "b": 1, "c": 1}


def test_a_model_that_cannot_be_loaded_is_503_and_the_others_serve(
    tmp_path: Path, models: dict[str, dict[str, str]]
) -> None:
    (tmp_path / "b.joblib").write_text("no model")
    with replica("sklearn", tmp_path, environment=environment(models, 1)) as made:
        answer = httpx.post(f"{made.url}/b", json=ROWS)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "10"
        assert answer.json()["error"].startswith(f"b cannot be loaded: {tmp_path}/b.joblib: ")
        assert httpx.get(f"{made.url}/v2/models/b/ready").status_code == 503
        assert made.post(ROWS, "/a") == {"predictions": [0]}
        assert httpx.get(f"{made.url}/v2/models/a/ready").status_code == 200

        made.process.terminate()
        output, _ = made.process.communicate(timeout=30)
    errors = [json.loads(line) for line in output.splitlines() if '"error"' in line]
    assert [(line["level"], line["model"]) for line in errors] == [("error", "b")]


def test_what_is_loaded_at_the_start_must_load(tmp_path: Path, models: dict[str, dict[str, str]]) -> None:
    (tmp_path / "c.joblib").unlink()

    process, _ = start("sklearn", tmp_path, environment=environment(models))
    output, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "c.joblib: no such file" in output
    assert len(output.splitlines()) == 1


@pytest.fixture
def slow(tmp_path: Path, models: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Model `a` answers once this file is there."""
    (tmp_path / "slow.py").write_text(SLOW)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    from slow import Slow  # pyright: ignore[reportMissingImports]

    joblib.dump(Slow(str(tmp_path / "open")), tmp_path / "a.joblib")
    monkeypatch.delitem(sys.modules, "slow")
    return tmp_path / "open"


def test_a_request_under_way_on_a_dropped_model_ends(
    tmp_path: Path, models: dict[str, dict[str, str]], slow: Path
) -> None:
    with replica("sklearn", tmp_path, environment=environment(models, 1)) as made:

        async def ask() -> Any:
            async with httpx.AsyncClient(timeout=30) as client:
                first = asyncio.create_task(client.post(f"{made.url}/a", json=ROWS))
                await asyncio.to_thread(made.until, "axon_in_flight_requests", 1)
                assert (await client.post(f"{made.url}/b", json=ROWS)).json() == {"predictions": [1]}
                assert (await client.get(made.url)).json()["loaded"] == ["b"]
                assert samples(made, "axon_in_flight_requests") == {"a": 1, "b": 0, "c": 0}
                slow.touch()
                return (await first).json()

        assert asyncio.run(ask()) == {"predictions": [1.0]}


def test_the_limit_of_a_replica_is_that_of_all_its_models(
    tmp_path: Path, models: dict[str, dict[str, str]], slow: Path
) -> None:
    limits = {"max_concurrency": 1, "max_queue_length": 1}
    with replica("sklearn", tmp_path, limits=limits, environment=environment(models)) as made:

        async def ask() -> None:
            async with httpx.AsyncClient(timeout=30) as client:
                waiting = [asyncio.create_task(client.post(f"{made.url}/a", json=ROWS)) for _ in range(2)]
                await asyncio.to_thread(made.until, "axon_in_flight_requests", 2)
                assert samples(made, "axon_queue_length")["a"] == 1
                refused = await client.post(f"{made.url}/b", json=ROWS)
                assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
                slow.touch()
                assert [answer.status_code for answer in await asyncio.gather(*waiting)] == [200, 200]

        asyncio.run(ask())


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"AXON_CACHE_SIZE": "0"}, 'AXON_CACHE_SIZE is "0", not a whole number above 0'),
        ({"AXON_MODELS": '{"a": {"uri": "x"}}'}, "AXON_MODELS: "),
    ],
)
def test_what_a_replica_is_told_wrongly_is_one_line(
    tmp_path: Path, told: dict[str, str], message: str
) -> None:
    process, _ = start("sklearn", tmp_path, environment=told)
    output, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert message in json.loads(output)["message"]
