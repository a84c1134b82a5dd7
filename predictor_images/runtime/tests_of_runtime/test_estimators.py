"""What estimators of scikit-learn are given and answer: as the library, with every type as it came."""

import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from axon_runtime.errors import BadInputError, LoadError
from axon_runtime.estimators import load_sklearn
from axon_runtime.saved import SavedModel
from axon_runtime.tensors import ProtocolError
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from tests_of_runtime.asking import asked, inferred, predicted, run, service_of, tensor

CHANCE = np.random.default_rng(0)
NUMBERS = CHANCE.normal(size=(60, 3))
PEOPLE = pd.DataFrame(
    {
        "age": CHANCE.integers(18, 80, 200),
        "city": CHANCE.choice(np.array(["rome", "oslo", None]), 200),
        "income": CHANCE.normal(50, 9, 200),
        "smoker": CHANCE.random(200) > 0.5,
    }
)
SOME: list[dict[str, Any]] = [
    {"age": 30, "city": "rome", "income": 50.5, "smoker": True},
    {"age": 70, "city": None, "income": None, "smoker": False},
    {"age": 19, "city": "bonn", "income": 0, "smoker": False},
]


def model_of(folder: Path, estimator: Any) -> SavedModel:
    joblib.dump(estimator, folder / "model.joblib")
    return load_sklearn(folder)


def of_people() -> Any:
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["age", "income"]),
            (
                "texts",
                make_pipeline(
                    SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
                ),
                ["city"],
            ),
            ("truths", OneHotEncoder(), ["smoker"]),
        ]
    )
    return make_pipeline(columns, LogisticRegression()).fit(PEOPLE, PEOPLE.age > 40)


def numeric() -> Any:
    return LogisticRegression().fit(NUMBERS, NUMBERS[:, 0] > 0)


def test_a_model_of_a_data_frame_is_given_one(tmp_path: Path) -> None:
    estimator = of_people()
    model = model_of(tmp_path, estimator)
    expected = estimator.predict_proba(pd.DataFrame(SOME)).tolist()
    columns = {name: [row[name] for row in SOME] for name in ("smoker", "income", "age", "city")}
    types = {"smoker": "BOOL", "income": "FP64", "age": "INT64", "city": "BYTES"}

    for given in (SOME, [list(row.values()) for row in SOME], [dict(reversed(row.items())) for row in SOME]):
        assert predicted(model, given, outputs=["predict_proba"]) == {"predict_proba": expected}
    inputs = [tensor(name, types[name], values) for name, values in columns.items()]
    rows_of_one = [{**given, "shape": [3, 1]} for given in inputs]
    for given in (inputs, inputs[::-1], rows_of_one):
        found = inferred(model, *given, outputs=[{"name": "predict_proba"}])["predict_proba"]
        assert np.reshape(found["data"], found["shape"]).tolist() == expected
    assert [(name, kind) for name, kind, _ in model.reader.inputs] == [
        ("age", "FP64"),
        ("city", "BYTES"),
        ("income", "FP64"),
        ("smoker", "BOOL"),
    ]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"age": "7"}, "row 1, column age: it is text, and a number is needed"),
        ({"age": True}, "row 1, column age: it is true or false, and a number is needed"),
        ({"age": {}}, "row 1, column age: it is an object, and a number is needed"),
        ({"agee": 1}, "row 1: the model takes age, city, income, smoker, and no other names"),
    ],
)
def test_a_value_that_a_column_cannot_hold_is_named(tmp_path: Path, changed: Any, message: str) -> None:
    model = model_of(tmp_path, of_people())

    with pytest.raises(BadInputError) as refused:
        predicted(model, [SOME[0], {**SOME[0], **changed}])

    assert str(refused.value) == message


@pytest.mark.parametrize("names", [["age", "city"], ["agee", "city", "income", "smoker"]])
def test_inputs_with_other_names_are_refused_with_the_models_own(tmp_path: Path, names: list[str]) -> None:
    model = model_of(tmp_path, of_people())

    with pytest.raises(BadInputError, match="inputs: the model takes age, city, income, smoker, each once"):
        inferred(model, *[tensor(name, "FP64", [1.0]) for name in names])


def test_rows_of_text_and_numbers_keep_their_types(tmp_path: Path) -> None:
    rows = np.array([["abc"[i % 3], float(i % 5), i / 300] for i in range(300)], dtype=object)
    encoder = ColumnTransformer(
        [("o", OneHotEncoder(handle_unknown="ignore"), [0, 1])], remainder="passthrough"
    )
    labels = [int((a == "a") != (b == 3.0)) for a, b, _ in rows]
    estimator = make_pipeline(encoder, DecisionTreeClassifier(random_state=0)).fit(rows, labels)
    model = model_of(tmp_path, estimator)

    expected = estimator.predict(rows).tolist()
    assert predicted(model, rows.tolist()) == expected
    found = inferred(
        model,
        tensor("text", "BYTES", rows[:, 0].tolist(), [300, 1]),
        tensor("numbers", "FP64", rows[:, 1:].ravel().tolist(), [300, 2]),
    )
    assert found["predictions"]["data"] == expected


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([1, None, 2], "row 0, column 1: it is missing or NaN, and the model takes no missing values"),
        ([1, 2, "7"], "row 0, column 2: it is text, and a number is needed"),
        ([1, True, 2], "row 0, column 1: it is true or false, and a number is needed"),
        ([1, 2], "the shape is [1, 2], and the model takes rows of 3 features"),
        ([1, 2, [3]], "instances differ in shape: each needs the same features"),
        ({"a": 1}, "instances: the model knows no names of columns: each has to be a list"),
        (7, "the shape is [1], and the model takes rows of 3 features"),
    ],
)
def test_a_row_that_a_numeric_model_does_not_take_says_why(tmp_path: Path, row: Any, message: str) -> None:
    with pytest.raises(BadInputError) as refused:
        predicted(model_of(tmp_path, numeric()), [row])

    assert str(refused.value) == message


def test_infinity_and_nan_as_python_writes_them_are_read(tmp_path: Path) -> None:
    model = model_of(tmp_path, numeric())

    for token, message in (("NaN", "row 0, column 1: it is missing"), ("-Infinity", "the model refuses")):
        with pytest.raises(BadInputError, match=message):
            run(model, service_of(model).predict(asked(b'{"instances": [[1, %b, 2]]}' % token.encode())))


@pytest.mark.parametrize("end", [LogisticRegression(), HistGradientBoostingClassifier(max_iter=5)])
def test_missing_numbers_reach_a_model_that_takes_them(tmp_path: Path, end: Any) -> None:
    holes = NUMBERS.copy()
    holes[::7, 0] = np.nan
    estimator = make_pipeline(SimpleImputer(), end).fit(holes, NUMBERS[:, 1] > 0)
    model = model_of(tmp_path, estimator)
    expected = estimator.predict([[np.nan, 1.0, 2.0]]).tolist()

    assert predicted(model, [[None, 1.0, 2]]) == expected
    assert run(model, service_of(model).predict(asked(b'{"instances": [[NaN, 1, 2]]}'))) == {
        "predictions": expected
    }
    by_v2 = inferred(model, tensor("x", "FP64", [None, 1.0, 2.0], [1, 3]))
    assert by_v2["predictions"]["data"] == expected


@pytest.mark.parametrize("missing", [None, np.nan])
def test_a_missing_text_is_what_the_model_was_fitted_on(tmp_path: Path, missing: Any) -> None:
    rows = np.array([["a", 1.0], [missing, 2.0], ["b", 3.0]] * 5, dtype=object)
    encoder = ColumnTransformer([("o", OneHotEncoder(handle_unknown="ignore"), [0])])
    estimator = make_pipeline(encoder, DecisionTreeClassifier()).fit(rows, [0, 1, 0] * 5)

    assert predicted(model_of(tmp_path, estimator), [["a", 1.0], [None, 1.0]]) == [0, 1]


def test_texts_are_one_a_row_by_either_protocol(tmp_path: Path) -> None:
    estimator = make_pipeline(TfidfVectorizer(), DecisionTreeClassifier(random_state=0))
    texts = ["a good film", "a bad film", "ein schöner Tag"]
    estimator.fit(texts, [1, 0, 1])
    model = model_of(tmp_path, estimator)

    assert predicted(model, texts) == predicted(model, [[text] for text in texts]) == [1, 0, 1]
    for shape in ([3], [3, 1]):
        assert inferred(model, tensor("t", "BYTES", texts, shape))["predictions"]["data"] == [1, 0, 1]
    assert model.reader.inputs == [("instances", "BYTES", [-1])]
    for wrong in ([1], [None], [["a", "b"]]):
        with pytest.raises(BadInputError):
            predicted(model, wrong)


def test_bytes_are_utf8_text(tmp_path: Path) -> None:
    rows = np.array([["red", "s"], ["blue", "m"], ["grün", "l"]] * 5, dtype=object)
    estimator = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    model = model_of(tmp_path, estimator.fit(rows, ["a", "b", "c"] * 5))

    given = tensor("t", "BYTES", ["grün", "l", "red", "s"], [2, 2])
    assert inferred(model, given)["predictions"]["data"] == ["c", "a"]
    raw = b"\x01\x00\x00\x00\xff\x01\x00\x00\x00s"
    head = (
        b'{"inputs": [{"name": "t", "shape": [1, 2], "datatype": "BYTES", "parameters": '
        b'{"binary_data_size": 10}}]}'
    )
    request = asked(head + raw, {"inference-header-content-length": str(len(head))})
    with pytest.raises(ProtocolError, match="not all UTF-8"):
        service_of(model).infer(request)


def test_integers_of_64_bits_keep_their_value(tmp_path: Path) -> None:
    big = 2**53
    estimator = make_pipeline(OneHotEncoder(handle_unknown="ignore"), DecisionTreeClassifier())
    model = model_of(tmp_path, estimator.fit([[big], [big + 1], [7]], [2**53 + 1, 2**63 - 1, 5]))

    assert predicted(model, [[big + 1], [big], [7]]) == [2**63 - 1, 2**53 + 1, 5]
    found = inferred(model, tensor("x", "INT64", [big + 1, big], [2, 1]))
    assert found["predictions"]["data"] == [2**63 - 1, 2**53 + 1]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (np.array([b"cat", b"dog"]), ["cat", "dog"]),
        (np.array(["2026-01-02", "2026-03-04"], dtype="datetime64[D]"), ["2026-01-02", "2026-03-04"]),
        (np.array([True, False]), [True, False]),
        (np.array(["é", "ü"]), ["é", "ü"]),
    ],
    ids=str,
)
def test_labels_of_any_type_are_sent(tmp_path: Path, labels: Any, expected: list[Any]) -> None:
    model = model_of(tmp_path, KNeighborsClassifier(1).fit([[0.0], [1.0]], labels))

    assert predicted(model, [[0.0], [1.0]]) == expected
    assert inferred(model, tensor("x", "FP64", [0.0, 1.0], [2, 1]))["predictions"]["data"] == expected


def test_what_a_model_can_do_is_asked_for_by_name(tmp_path: Path) -> None:
    estimator = numeric()
    model = model_of(tmp_path, estimator)
    rows = NUMBERS[:2]

    found = predicted(model, rows.tolist(), outputs=["decision_function", "predict"])

    assert found == {
        "decision_function": estimator.decision_function(rows).tolist(),
        "predict": estimator.predict(rows).tolist(),
    }
    given = tensor("x", "FP64", rows.ravel().tolist(), [2, 3])
    by_v2 = inferred(
        model, given, outputs=[{"name": "predict"}, {"name": "predict_proba", "parameters": None}]
    )
    assert by_v2["predict_proba"]["shape"] == [2, 2]
    assert by_v2["predict_proba"]["data"] == estimator.predict_proba(rows).ravel().tolist()
    for wrong in (["transform"], ["predict", "predict"], []):
        with pytest.raises(BadInputError, match="outputs"):
            predicted(model, rows.tolist(), outputs=wrong)


def test_sparse_results_lists_and_frames_are_sent(tmp_path: Path) -> None:
    from scipy.sparse import csr_matrix

    classes = np.eye(3, dtype=int)[CHANCE.integers(0, 3, 60)]
    sparse = model_of(tmp_path, OneVsRestClassifier(LogisticRegression()).fit(NUMBERS, csr_matrix(classes)))
    assert np.shape(predicted(sparse, NUMBERS[:4].tolist())) == (4, 3)
    assert inferred(sparse, tensor("x", "FP64", [1, 2, 3], [1, 3]))["predictions"]["shape"] == [1, 3]

    several = RandomForestClassifier(5).fit(NUMBERS, classes[:, :2])
    found = predicted(model_of(tmp_path, several), NUMBERS[:4].tolist(), outputs=["predict_proba"])
    expected = [table.tolist() for table in several.predict_proba(NUMBERS[:4])]
    assert found == {"predict_proba": expected}

    scaler = StandardScaler().set_output(transform="pandas")
    frame = model_of(tmp_path, scaler.fit(pd.DataFrame({"a": [1.0, 3.0], "b": [2.0, 4.0]})))
    assert predicted(frame, [[1, 4]]) == [{"a": -1.0, "b": 1.0}]
    for asked_for in ({}, {"outputs": [{"name": "transform"}]}):
        both = inferred(frame, tensor("b", "FP64", [4.0]), tensor("a", "FP64", [1.0]), **asked_for)
        assert {name: output["data"] for name, output in both.items()} == {"a": [-1.0], "b": [1.0]}


def test_a_model_that_only_transforms_answers_with_that(tmp_path: Path) -> None:
    estimator = PCA(1).fit(NUMBERS)

    found = predicted(model_of(tmp_path, estimator), NUMBERS[:2].tolist())

    np.testing.assert_allclose(found, estimator.transform(NUMBERS[:2]))


def test_a_refusal_repeats_nothing_of_the_rows_and_is_short(tmp_path: Path) -> None:
    rows = [["a", 1], ["b", 2]]
    model = model_of(tmp_path, make_pipeline(OrdinalEncoder(), DecisionTreeClassifier()).fit(rows, [0, 1]))

    with pytest.raises(BadInputError) as refused:
        predicted(model, [["my secret" * 1000, 1]])

    assert "secret" not in str(refused.value)
    assert len(str(refused.value)) < 250
    assert "Found unknown categories" in str(refused.value)


def test_a_bug_of_the_model_is_no_fault_of_the_client(tmp_path: Path) -> None:
    (tmp_path / "steps_of_mine.py").write_text(
        "def fails(rows):\n    if rows[0, 0] == 13: raise ValueError('mine')\n    return rows\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        import steps_of_mine  # pyright: ignore[reportMissingImports]

        step = FunctionTransformer(steps_of_mine.fails)
        estimator = make_pipeline(step, LinearRegression()).fit(NUMBERS, NUMBERS[:, 0])
        model = model_of(tmp_path, estimator)

    np.testing.assert_allclose(predicted(model, [[1, 2, 3]]), estimator.predict(np.array([[1, 2, 3]])))
    with pytest.raises(ValueError, match="mine") as failed:
        predicted(model, [[13, 2, 3]])
    assert not isinstance(failed.value, BadInputError)
    assert not model.trusted
    assert not model.by_rows


class Pickled(BaseEstimator):
    """A class of the user's."""

    def predict(self, rows: Any) -> Any:
        return [row[0] for row in rows]


@pytest.mark.parametrize(
    ("estimator", "trusted"),
    [
        (LinearRegression().fit(NUMBERS, NUMBERS), True),
        (make_pipeline(FunctionTransformer(np.log1p), LinearRegression()).fit([[1.0]], [1.0]), True),
        (RandomForestRegressor(2).fit(NUMBERS, NUMBERS), True),
        (make_pipeline(FunctionTransformer(np.mean, kw_args={"axis": 0}), LinearRegression()), True),
        (Pickled(), False),
        (make_pipeline(FunctionTransformer(asked), LinearRegression()), False),
    ],
)
def test_only_code_of_known_libraries_is_trusted(tmp_path: Path, estimator: Any, trusted: bool) -> None:
    assert model_of(tmp_path, estimator).trusted == trusted


def test_a_model_of_another_version_is_refused_with_both(tmp_path: Path) -> None:
    import sklearn

    estimator = numeric()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sklearn.base.__version__", "1.3.2")
        joblib.dump(estimator, tmp_path / "model.joblib")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(LoadError) as refused:
            load_sklearn(tmp_path)

    text = str(refused.value)
    assert "saved by scikit-learn 1.3.2" in text
    assert sklearn.__version__ in text
    assert "\n" not in text
