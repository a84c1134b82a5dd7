"""An estimator served by ONNX Runtime predicts what scikit-learn does, or does not start."""

import functools
import json
from pathlib import Path
from typing import Any

import httpx
import joblib
import numpy as np
import pytest
import tritonclient.http as triton
from axon_runtime.config import ConfigError, from_environment
from axon_runtime.estimators import load_sklearn
from axon_runtime.exported import load_exported
from axon_runtime.saved import BadInputError, LoadError
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from tests_of_runtime.asking import predicted
from tests_of_runtime.servers import replica, start

IRISES, SPECIES = load_iris(return_X_y=True)
PEOPLE, PROGRESS = load_diabetes(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
ONNX = {"AXON_ONNX": "true"}


def saved(folder: Path, estimator: Any, sample: list[list[float]] | None = None) -> Path:
    joblib.dump(estimator, folder / "model.joblib")
    if sample:
        (folder / "sample.json").write_text(json.dumps({"instances": sample}))
    return folder


@pytest.mark.parametrize(
    ("estimator", "rows", "targets"),
    [
        (make_pipeline(StandardScaler(), LogisticRegression()), IRISES, NAMES),
        (LogisticRegression(max_iter=500), IRISES, SPECIES.astype(np.uint8)),
        (RandomForestClassifier(21, random_state=0), IRISES, SPECIES == 1),
        (HistGradientBoostingClassifier(max_iter=10), IRISES, SPECIES),
        (DecisionTreeRegressor(), PEOPLE, PROGRESS),
        (LinearRegression(), PEOPLE, PROGRESS),
        (LinearRegression(), PEOPLE, np.column_stack([PROGRESS, PROGRESS])),
    ],
    ids=lambda value: type(value).__name__,
)
def test_predictions_are_the_estimators_own(tmp_path: Path, estimator: Any, rows: Any, targets: Any) -> None:
    folder = saved(tmp_path, estimator.fit(rows, targets), rows[:3].tolist())

    exported = load_exported(folder)

    assert (exported.platform, exported.reader.inputs) == (
        "onnxruntime_onnx",
        [("instances", "FP64", [-1, rows.shape[1]])],
    )
    found, expected = predicted(exported, rows.tolist()), estimator.predict(rows)
    if expected.dtype.kind == "f":
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    else:
        assert found == expected.tolist()


def other() -> Any:
    """A regressor that predicts what its export, of its type and its coefficients, does not."""
    estimator: Any = LinearRegression().fit(PEOPLE, PROGRESS)
    estimator.predict = functools.partial(np.sum, axis=1)
    return estimator


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (other(), "(1000 of 1000 rows differ)"),
        (
            make_pipeline(FunctionTransformer(np.abs), LogisticRegression(max_iter=500)).fit(IRISES, SPECIES),
            "cannot be served by ONNX Runtime (leave `onnx` out): ",
        ),
        (
            make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["a rose", "a tulip"], [0, 1]),
            "it does not say how many features it takes, which an export to ONNX needs",
        ),
        (
            make_pipeline(OneHotEncoder(), LogisticRegression()).fit([[1], [2]], [0, 1]),
            "give some in sample.json: ValueError: Found unknown categories",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_served_so_is_one_line(tmp_path: Path, estimator: Any, message: str) -> None:
    with pytest.raises(LoadError) as refused:
        load_exported(saved(tmp_path, estimator))

    assert str(refused.value).startswith(f"{tmp_path}/model.joblib: ")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_estimator_that_refuses_what_is_made_up_is_compared_on_its_sample(tmp_path: Path) -> None:
    estimator = make_pipeline(OneHotEncoder(), LogisticRegression()).fit([[1], [2]], [0, 1])

    assert predicted(load_exported(saved(tmp_path, estimator, [[1], [2]])), [[2], [1]]) == [1, 0]


def test_rows_that_scikit_learn_refuses_are_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path, LogisticRegression(max_iter=500).fit(IRISES, SPECIES))

    for load in (load_sklearn, load_exported):
        model = load(folder)
        for rows in ([[np.nan, 1, 1, 1]], [[np.inf, 1, 1, 1]], [[1, 1, 1]], [["a", "b", "c", "d"]]):
            with pytest.raises(BadInputError):
                predicted(model, rows)


def test_missing_numbers_are_taken_where_the_estimator_takes_them(tmp_path: Path) -> None:
    holes = IRISES.copy()
    holes[::3, 0] = np.nan
    estimator = HistGradientBoostingClassifier(max_iter=10).fit(holes, SPECIES)

    found = predicted(load_exported(saved(tmp_path, estimator)), holes.tolist())

    assert found == estimator.predict(holes).tolist()


def test_missing_numbers_are_refused_where_the_export_goes_another_way(tmp_path: Path) -> None:
    estimator = RandomForestClassifier(21, random_state=0).fit(IRISES, SPECIES)
    assert len(estimator.predict([[np.nan] * 4])) == 1

    with pytest.raises(BadInputError, match="row 0, column 0: it is missing or NaN"):
        predicted(load_exported(saved(tmp_path, estimator)), [[None] * 4])


def test_a_replica_serves_the_export_by_either_protocol(tmp_path: Path) -> None:
    folder = saved(tmp_path, RandomForestClassifier(21, random_state=0).fit(IRISES, NAMES), [[1, 2, 3, 4]])
    with replica("sklearn", folder, environment=ONNX) as made:
        described = httpx.get(made.url).json()
        answer = made.post({"instances": IRISES[::50].tolist()})
        given = triton.InferInput("rows", [3, 4], "FP32")
        given.set_data_from_numpy(IRISES[::50].astype(np.float32))
        tensor = triton.InferenceServerClient(f"127.0.0.1:{made.port}").infer(folder.name, [given])

    assert described["platform"] == "onnxruntime_onnx"
    assert answer == {"predictions": NAMES[::50].tolist()}
    names = tensor.as_numpy("predictions")
    assert names is not None
    assert [name.decode() for name in names] == NAMES[::50].tolist()


def test_a_replica_whose_export_predicts_something_else_does_not_start(tmp_path: Path) -> None:
    process, _ = start("sklearn", saved(tmp_path, other()), environment=ONNX)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    (line,) = output.splitlines()
    assert "LinearRegression cannot be served by ONNX Runtime" in json.loads(line)["message"]


def test_only_estimators_of_scikit_learn_are_exported() -> None:
    assert from_environment(ONNX).onnx
    for environment, message in (
        ({"AXON_PREDICTOR": "onnx", **ONNX}, "AXON_ONNX is for AXON_PREDICTOR=sklearn, and that is onnx"),
        ({"AXON_ONNX": "yes"}, "AXON_ONNX: JSON is malformed"),
    ):
        with pytest.raises(ConfigError, match=message):
            from_environment(environment)
