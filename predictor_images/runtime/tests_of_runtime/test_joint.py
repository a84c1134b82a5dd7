"""Requests that are run together get what each gets alone, whatever the model."""

import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from axon_runtime.call import Failed
from axon_runtime.errors import BadInputError
from axon_runtime.estimators import load_sklearn
from axon_runtime.graphs import sizes_follow_rows
from axon_runtime.saved import Asked, SavedModel
from axon_runtime.specs import Spec, SpecReader
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from tests_of_runtime.asking import asked, predicted, service_of
from tests_of_runtime.graphs_of_onnx import identity, model_of, node, saved

ROWS = [("x", "FLOAT", [None, 2])]
CHANCE = np.random.default_rng(0)


def together(model: SavedModel, batch: list[Any]) -> list[Any]:
    """Return the predictions of requests that are run at once, each of some instances."""
    calls = [service_of(model).predict(asked({"instances": instances})) for instances in batch]
    results = model.predict([call.input for call in calls])
    return [
        result if isinstance(result, Failed) else json.loads(call.encode(result).body)["predictions"]
        for call, result in zip(calls, results, strict=True)
    ]


def batches(count: int = 12) -> list[list[Any]]:
    """Return batches of different sizes of requests of different numbers of rows."""
    return [
        [CHANCE.uniform(0, 40, (int(rows), 2)).tolist() for rows in CHANCE.integers(1, 4, int(size))]
        for size in CHANCE.integers(2, 9, count)
    ]


def keeps(threshold: float = 20) -> list[Any]:
    """Return nodes that keep the rows whose largest number is above a threshold."""
    return [
        node("ReduceMax", ["x"], ["score"], axes=[1], keepdims=0),
        node("Greater", ["score", "least"], ["kept"]),
        node("Compress", ["x", "kept"], ["y"], axis=0),
    ]


MODELS: dict[str, tuple[list[Any], list[Any], dict[str, Any]]] = {
    "detections kept": (keeps(), [("y", "FLOAT", [None, 2])], {"least": np.float32(20)}),
    "transposed": ([node("Transpose", ["x"], ["y"], perm=[1, 0])], [("y", "FLOAT", [None, None])], {}),
    "one number": ([node("ReduceMean", ["x"], ["y"], keepdims=0)], [("y", "FLOAT", [])], {}),
    "normalized over the rows": (
        [node("ReduceMean", ["x"], ["mean"], axes=[0], keepdims=1), node("Sub", ["x", "mean"], ["y"])],
        [("y", "FLOAT", [None, 2])],
        {},
    ),
    "sorted": (
        [
            node("ReduceMax", ["x"], ["score"], axes=[1], keepdims=0),
            node("Shape", ["score"], ["size"]),
            node("TopK", ["score", "size"], ["y", "order"], axis=0),
        ],
        [("y", "FLOAT", [None])],
        {},
    ),
    "positions of large ones": (
        [
            node("Greater", ["x", "least"], ["large"]),
            node("NonZero", ["large"], ["found"]),
            node("Transpose", ["found"], ["y"], perm=[1, 0]),
        ],
        [("y", "INT64", [None, 2])],
        {"least": np.float32(20)},
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_whose_results_are_not_by_row_is_run_alone(tmp_path: Path, name: str) -> None:
    nodes, outputs, constants = MODELS[name]
    model = model_of(tmp_path, nodes, ROWS, outputs, **constants)

    for batch in batches():
        assert together(model, batch) == [predicted(model, instances) for instances in batch]
    assert not model.by_rows


def test_two_boxes_for_one_image_and_none_for_another_are_not_mixed(tmp_path: Path) -> None:
    # A row is given as often as its first number says: of [2, ·] beside [0, ·] the lengths agree.
    nodes = [
        node("Gather", ["x", "first"], ["column"], axis=1),
        node("Greater", ["column", "zero"], ["one"]),
        node("Greater", ["column", "unit"], ["two"]),
        node("Concat", ["one", "two"], ["both"], axis=1),
        node("Cast", ["both"], ["counts"], to=6),
        node("NonZero", ["counts"], ["found"]),
        node("Gather", ["found", "top"], ["index"], axis=0),
        node("Gather", ["x", "index"], ["y"], axis=0),
    ]
    constants = {
        "first": np.array([0], np.int64),
        "top": np.array(0, np.int64),
        "zero": np.float32(0.5),
        "unit": np.float32(1.5),
    }
    model = model_of(tmp_path, nodes, ROWS, [("y", "FLOAT", [None, 2])], **constants)

    for batch in ([[[1, 5]], [[1, 6]], [[1, 7]]], [[[2, 5]], [[0, 6]]], [[[1, 2]], [[2, 1]], [[0, 0]]]):
        assert together(model, batch) == [predicted(model, instances) for instances in batch]


def test_a_model_by_rows_is_run_once_for_all(tmp_path: Path) -> None:
    model = identity(tmp_path, "FLOAT")
    runs: list[int] = []
    run = model.run

    def counted(tensors: Any, outputs: Any) -> Any:
        runs.append(len(tensors[0]))
        return run(tensors, outputs)

    model.run = counted
    for batch in batches(20):
        np.testing.assert_allclose(
            np.concatenate(together(model, batch)), np.concatenate(batch).astype(np.float32)
        )
    runs.clear()
    assert together(model, [[[1, 2]], [[3, 4], [5, 6]]]) == [[[1, 2]], [[3, 4], [5, 6]]]
    assert runs in ([3], [3, 1])


def rows_model(run: Any, refusals: list[str]) -> SavedModel:
    reader = SpecReader([Spec("x", np.dtype(np.float64), (None, 2))])
    model = SavedModel(run, reader, "p", [("y", "FP64", [-1, 2])], by_rows=True, explain=lambda _: None)
    model.on_unbatched = lambda: refusals.append("unbatched")
    return model


def test_a_difference_that_shows_late_ends_joint_runs(tmp_path: Path) -> None:
    refusals: list[str] = []
    wrong_from = 100.0

    def run(tensors: Any, outputs: Any) -> list[Any]:
        (rows,) = tensors
        # Harmless until a large number comes: then rows are mixed.
        return [rows[::-1] if (rows > wrong_from).any() and len(rows) > 1 else rows]

    model = rows_model(run, refusals)
    for batch in batches():
        together(model, batch)
    assert model.by_rows

    for _ in range(1100):
        together(model, [[[500, 1]], [[1, 2]]])

    assert not model.by_rows
    assert refusals == ["unbatched"]
    assert together(model, [[[500, 1]], [[1, 2]]]) == [[[500, 1]], [[1, 2]]]


def test_rows_that_are_all_the_same_prove_nothing() -> None:
    def reversed_rows(tensors: Any, outputs: Any) -> list[Any]:
        return [tensors[0][::-1]]

    model = rows_model(reversed_rows, [])
    for _ in range(10):
        together(model, [[[1, 2]]] * 5)

    assert together(model, [[[1, 2]], [[3, 4]]]) == [[[1, 2]], [[3, 4]]]
    assert not model.by_rows


def test_a_failed_joint_run_is_repeated_one_by_one() -> None:
    def run(tensors: Any, outputs: Any) -> list[Any]:
        if (tensors[0] == 13).any():
            raise RuntimeError("not 13")
        return [tensors[0]]

    model = rows_model(run, [])
    for batch in batches():
        together(model, batch)

    first, guilty, last = together(model, [[[1, 2]], [[13, 2]], [[3, 4]]])

    assert (first, last) == ([[1, 2]], [[3, 4]])
    assert isinstance(guilty, Failed)
    assert isinstance(guilty.error, RuntimeError)
    assert model.by_rows


@pytest.mark.parametrize("error", [StopIteration(), SystemExit(), KeyboardInterrupt(), MemoryError()])
def test_any_exception_is_the_requests_own(error: BaseException) -> None:
    def run(tensors: Any, outputs: Any) -> list[Any]:
        raise error

    (found,) = rows_model(run, []).predict([Asked((np.zeros((1, 2)),), ("y",))])

    assert found == Failed(error)


def test_requests_of_other_types_or_outputs_are_not_joined(tmp_path: Path) -> None:
    estimator = LogisticRegression().fit([[0.0, 1.0], [1.0, 0.0]], ["a", "b"])
    joblib.dump(estimator, tmp_path / "model.joblib")
    model = load_sklearn(tmp_path)
    service = service_of(model)
    bodies = [
        {"instances": [[0, 1]]},
        {"instances": [[0.5, 1.5], [2.0, 0.0]]},
        {"instances": [[0, 1]], "outputs": ["predict_proba"]},
        {"instances": [[0.25, 1], [1, 0.25]], "outputs": ["predict_proba", "predict"]},
    ]
    calls = [service.predict(asked(body)) for body in bodies * 5]

    for _ in range(3):
        results = model.predict([call.input for call in calls])
        for index, (call, result) in enumerate(zip(calls, results, strict=True)):
            rows = bodies[index % 4]["instances"]
            found = json.loads(call.encode(result).body)
            if "predictions" in found:
                assert found["predictions"] == estimator.predict(rows).tolist()
            else:
                np.testing.assert_allclose(found["outputs"]["predict_proba"], estimator.predict_proba(rows))


def test_functions_over_all_rows_are_not_joined(tmp_path: Path) -> None:
    from scipy.stats import zscore

    rows = CHANCE.normal(size=(50, 2))
    estimator = make_pipeline(FunctionTransformer(zscore), LogisticRegression()).fit(rows, rows[:, 0] > 0)
    joblib.dump(estimator, tmp_path / "model.joblib")

    assert not load_sklearn(tmp_path).by_rows


def test_wrong_rows_are_refused_before_they_meet_others(tmp_path: Path) -> None:
    with pytest.raises(BadInputError):
        together(identity(tmp_path, "FLOAT"), [[[1, 2]], [[1]]])


def test_a_file_that_is_no_graph_says_nothing_of_sizes(tmp_path: Path) -> None:
    good = saved(tmp_path, [node("Identity", ["x"], ["y"])], ROWS, [("y", "FLOAT", [None, 2])])
    content = (good / "model.onnx").read_bytes()

    assert sizes_follow_rows(content)
    assert not sizes_follow_rows(content[:-3])
    assert not sizes_follow_rows(b"\xff" * 50)
