"""Predictions are counted by class, or as a histogram, whatever answers them and whichever way."""

import json
from pathlib import Path
from typing import Any

import httpx
import joblib
import numpy as np
import pytest
import tritonclient.http as triton
from axon_runtime.answer import Response
from axon_runtime.config import ConfigError, Track, from_environment
from axon_runtime.tracker import Tracker
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from sklearn.dummy import DummyRegressor
from sklearn.tree import DecisionTreeClassifier

from tests_of_runtime.servers import Replica, replica

CLASSES = {"AXON_TRACKER": '{"model_type": "classification"}'}
LABEL = "class Predictor:\n def predict(self, payload): return {'label': payload}"


def made(**told: Any) -> tuple[Tracker, CollectorRegistry]:
    registry = CollectorRegistry()
    return Tracker(Track(**told), "m", registry), registry


def counted(registry: CollectorRegistry) -> dict[str, float]:
    found = [sample for metric in registry.collect() for sample in metric.samples]
    return {s.labels["class"]: s.value for s in found if s.name == "axon_predictions_total"}


def on_page(replica: Replica) -> dict[str, float]:
    families = text_string_to_metric_families(httpx.get(f"{replica.management}/metrics").text)
    found = [sample for family in families for sample in family.samples]
    return {s.labels["class"]: s.value for s in found if s.name == "axon_predictions_total"}


@pytest.mark.parametrize(
    ("predictions", "classes"),
    [
        ("cat", {"cat": 1}),
        (["cat", "dog", "cat"], {"cat": 2, "dog": 1}),
        (np.array(["cat", "dog"]), {"cat": 1, "dog": 1}),
        (np.array([b"cat"], dtype=object), {"cat": 1}),
        (np.int64(3), {"3": 1}),
        (np.array([2.0, 2.0]), {"2": 2}),
        ([True, False], {"true": 1, "false": 1}),
        (np.array([[0.1, 0.9], [0.7, 0.3]]), {"1": 1, "0": 1}),
        ([["cat"], ["dog"]], {"cat": 1, "dog": 1}),
    ],
    ids=str,
)
def test_classes_are_counted(predictions: Any, classes: dict[str, float]) -> None:
    tracker, registry = made(model_type="classification")

    tracker.predicted(predictions)

    assert counted(registry) == classes


def test_numbers_are_a_histogram() -> None:
    tracker, registry = made(model_type="regression", buckets=(1.0, 5.0))

    for predictions in (2.5, np.array([[0.5], [7.0]]), [np.float32(3.0), 4]):
        tracker.predicted(predictions)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"axon_prediction_value_{name}", {"model": "m", **labels})

    assert (value("count"), value("sum")) == (5, 17)
    assert [value("bucket", le=le) for le in ("1.0", "5.0", "+Inf")] == [1, 4, 5]


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ({"model_type": "classification", "key": "label"}, {"class": "cat"}),
        ({"model_type": "classification", "key": "label"}, "cat"),
        ({"model_type": "classification"}, {"label": "cat"}),
        ({"model_type": "classification"}, 0.5),
        ({"model_type": "classification"}, [["cat", 1]]),
        ({"model_type": "regression"}, "cat"),
        ({"model_type": "regression"}, True),
        ({"model_type": "regression"}, float("nan")),
        ({"model_type": "regression"}, [[1.0, 2.0]]),
        ({"model_type": "regression"}, None),
    ],
    ids=str,
)
def test_what_is_no_prediction_of_the_kind_is_counted_apart(told: dict[str, Any], answer: Any) -> None:
    tracker, registry = made(**told)

    tracker.answered(answer)

    assert registry.get_sample_value("axon_predictions_untracked_total", {"model": "m"}) == 1
    assert not counted(registry)
    assert not registry.get_sample_value("axon_prediction_value_count", {"model": "m"})


def test_an_answer_with_a_status_is_counted_unless_it_is_an_error() -> None:
    tracker, registry = made(model_type="classification", key="label")

    tracker.answered(Response({"label": "cat"}))
    tracker.answered(Response({"label": "dog"}, status_code=422))

    assert counted(registry) == {"cat": 1}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(answer=JSON, kind=st.sampled_from(["classification", "regression"]), key=st.none() | st.just("label"))
def test_no_answer_is_lost_for_the_count_of_it(answer: Any, kind: str, key: str | None) -> None:
    tracker, _ = made(model_type=kind, key=key)

    tracker.answered({"label": answer})


def test_classes_beyond_the_limit_are_counted_together() -> None:
    tracker, registry = made(model_type="classification", max_classes=2)

    for name in ("a", "b", "c", "a", "d", "x" * 200):
        tracker.predicted(name)

    assert counted(registry) == {"a": 2, "b": 1, "other": 3}


def test_a_class_that_is_too_long_for_a_label_is_another() -> None:
    tracker, registry = made(model_type="classification")

    tracker.predicted("x" * 200)

    assert counted(registry) == {"other": 1}


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """A model that names its class, with a sample."""
    joblib.dump(DecisionTreeClassifier().fit([[0.0], [1.0]], ["rose", "tulip"]), tmp_path / "model.joblib")
    (tmp_path / "sample.json").write_text('{"instances": [[0]]}')
    return tmp_path


def test_a_saved_models_predictions_are_counted_and_its_sample_is_not(flowers: Path) -> None:
    with replica("sklearn", flowers, environment=CLASSES) as made:
        made.post({"instances": [[0], [1], [1]]})
        assert httpx.post(made.url, json={"instances": [["x"]]}).status_code == 400
        given_ = triton.InferInput("rows", [1, 1], "FP32")
        given_.set_data_from_numpy(np.zeros((1, 1), np.float32))
        triton.InferenceServerClient(f"127.0.0.1:{made.port}").infer(flowers.name, [given_])

        assert on_page(made) == {"rose": 2, "tulip": 2}


def test_a_classs_answers_are_counted_at_their_key(tmp_path: Path) -> None:
    (tmp_path / "predictor.py").write_text(LABEL)
    told = {"AXON_TRACKER": '{"model_type": "classification", "key": "label"}'}
    with replica("python", tmp_path, environment=told) as made:
        for label in ("cat", "dog", ["cat", "cat"]):
            made.post(label)

        assert on_page(made) == {"cat": 3, "dog": 1}


def test_several_processes_share_the_limit_of_classes(tmp_path: Path) -> None:
    (tmp_path / "predictor.py").write_text(LABEL)
    told = {"AXON_TRACKER": '{"model_type": "classification", "key": "label", "max_classes": 3}'}
    limits = {"processes_per_replica": 2}
    with replica("python", tmp_path, limits=limits, environment=told) as made:
        for number in range(40):
            made.post(f"class {number % 10}")

        assert on_page(made) == {"class 0": 4, "class 1": 4, "class 2": 4, "other": 28}


def test_each_of_several_models_is_counted(tmp_path: Path) -> None:
    models: dict[str, dict[str, str]] = {}
    for number, name in enumerate(("a", "b")):
        regressor = DummyRegressor(strategy="constant", constant=number).fit([[0]], [0])
        joblib.dump(regressor, tmp_path / f"{name}.joblib")
        models[name] = {"url": f"file://{tmp_path}/{name}.joblib"}
    told = {
        "AXON_TRACKER": '{"model_type": "regression"}',
        "AXON_MODELS": json.dumps(models),
        "AXON_CACHE_SIZE": "1",
    }
    with replica("sklearn", tmp_path, environment=told) as made:
        for name in ("a", "b", "a", "b"):
            made.post({"instances": [[0]]}, f"/{name}")

        assert made.metric("axon_prediction_value_count") == 4
        assert made.metric("axon_prediction_value_sum") == 2


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("{}", "AXON_TRACKER: Object missing required field `model_type`"),
        ('{"model_type": "classification", "max_classes": 0}', "max_classes is less than 1"),
        ('{"model_type": "regression", "buckets": [1, 1]}', "buckets are not rising numbers"),
    ],
)
def test_what_cannot_be_counted_is_refused(told: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        from_environment({"AXON_TRACKER": told})
