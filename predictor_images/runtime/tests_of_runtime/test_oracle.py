"""A replica under 40 clients answers what the library, called directly, answers each of them alone.

Exactly, for all models but those whose own library rounds otherwise for another number of rows (products of
matrices): their numbers may differ in the last bits.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import joblib
import numpy as np
import onnxruntime
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from xgboost import XGBClassifier, XGBRegressor

from tests_of_runtime.graphs_of_onnx import node, saved
from tests_of_runtime.servers import replica

CHANCE = np.random.default_rng(0)
ROWS = CHANCE.normal(size=(200, 3))
CLIENTS = 40
TOO_MUCH = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
FLOATS = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3))
NUMBERS = st.lists(FLOATS | st.integers(-1000, 1000), min_size=3, max_size=3)
HOLES = st.lists(FLOATS | st.none(), min_size=3, max_size=3)
WORD = st.sampled_from(["good", "bad", "film", "day", "ß", "日"])
WORDS = st.lists(WORD, min_size=1, max_size=5).map(" ".join)
CITIES = st.sampled_from(["rome", "oslo", "bonn"])
PEOPLE = st.fixed_dictionaries({"age": st.integers(0, 99), "city": CITIES, "income": FLOATS | st.none()})


class Case(NamedTuple):
    kind: str
    save: Callable[[Path], Callable[[list[Any]], Any]]
    """Write the model to a folder, and return the library's own answer."""

    instance: st.SearchStrategy[Any]
    rounds: bool = False
    """Whether the library's own numbers depend on how many rows it is given."""


def estimator(
    fitted: Any, rows: Callable[[list[Any]], Any] = np.array
) -> Callable[[Path], Callable[[list[Any]], Any]]:
    def save(folder: Path) -> Callable[[list[Any]], Any]:
        joblib.dump(fitted, folder / "model.joblib")
        return lambda instances: fitted.predict(rows(instances))

    return save


def onnx(*parts: Any, **constants: Any) -> Callable[[Path], Callable[[list[Any]], Any]]:
    def save(folder: Path) -> Callable[[list[Any]], Any]:
        session = onnxruntime.InferenceSession(saved(folder, *parts, **constants) / "model.onnx")
        (given, *more) = session.get_inputs()
        dtype = np.int64 if given.type == "tensor(int64)" else np.float32

        def predict(instances: list[Any]) -> Any:
            if more:
                names = [given.name, *(node.name for node in more)]
                feed = {name: np.array([row[name] for row in instances], np.float32) for name in names}
            else:
                feed = {given.name: np.array(instances, dtype)}
            return session.run(None, feed)[0]

        return predict

    return save


def with_holes() -> Any:
    rows = ROWS.copy()
    rows[::7, 0] = np.nan
    return rows


def of_people() -> Any:
    frame = pd.DataFrame(
        {
            "age": CHANCE.integers(18, 80, 200),
            "city": CHANCE.choice(["rome", "oslo"], 200),
            "income": CHANCE.normal(50, 9, 200),
        }
    )
    columns = ColumnTransformer(
        [
            ("numbers", SimpleImputer(), ["age", "income"]),
            ("texts", OneHotEncoder(handle_unknown="ignore"), ["city"]),
        ]
    )
    return make_pipeline(columns, DecisionTreeRegressor(random_state=0)).fit(frame, frame.income)


def floats(rows: list[Any]) -> Any:
    return np.array(rows, dtype=float)


CODES = CHANCE.integers(0, 3, 200)
LABELS = np.array(["a", "b", "ß"])[CODES]
TEXTS = ["good film", "bad film", "good day", "bad day ß"]
THRESHOLD = [
    node("ReduceMax", ["x"], ["score"], axes=[1], keepdims=0),
    node("Greater", ["score", "least"], ["kept"]),
    node("Compress", ["x", "kept"], ["y"], axis=0),
]
X: list[Any] = [("x", "FLOAT", [None, 3])]
CASES = {
    "logistic regression": Case("sklearn", estimator(LogisticRegression().fit(ROWS, LABELS)), NUMBERS),
    "linear, two targets": Case(
        "sklearn", estimator(LinearRegression().fit(ROWS, ROWS[:, :2])), NUMBERS, True
    ),
    "forest": Case("sklearn", estimator(RandomForestClassifier(9).fit(ROWS, LABELS)), NUMBERS),
    "gradient boosting": Case(
        "sklearn", estimator(GradientBoostingRegressor(n_estimators=9).fit(ROWS, ROWS[:, 0])), NUMBERS
    ),
    "holes": Case(
        "sklearn",
        estimator(HistGradientBoostingClassifier(max_iter=9).fit(with_holes(), LABELS), floats),
        HOLES,
    ),
    "XGBoost": Case(
        "sklearn", estimator(XGBClassifier(n_estimators=5).fit(with_holes(), CODES), floats), HOLES
    ),
    "XGBoost, regression": Case(
        "sklearn", estimator(XGBRegressor(n_estimators=5).fit(with_holes(), ROWS[:, 1]), floats), HOLES
    ),
    "LightGBM": Case(
        "sklearn",
        estimator(LGBMClassifier(n_estimators=5, verbose=-1).fit(with_holes(), LABELS), floats),
        HOLES,
    ),
    "LightGBM, regression": Case(
        "sklearn",
        estimator(LGBMRegressor(n_estimators=5, verbose=-1).fit(with_holes(), ROWS[:, 1]), floats),
        HOLES,
    ),
    "imputer and scaler": Case(
        "sklearn",
        estimator(
            make_pipeline(SimpleImputer(), KNeighborsClassifier()).fit(with_holes(), LABELS),
            floats,
        ),
        HOLES,
    ),
    "neighbors": Case("sklearn", estimator(KNeighborsClassifier().fit(ROWS, LABELS)), NUMBERS),
    "clusters": Case("sklearn", estimator(KMeans(3).fit(ROWS)), NUMBERS),
    "texts": Case(
        "sklearn",
        estimator(make_pipeline(TfidfVectorizer(), DecisionTreeClassifier()).fit(TEXTS, [0, 1, 2, 3]), list),
        WORDS,
    ),
    "data frame": Case("sklearn", estimator(of_people(), pd.DataFrame), PEOPLE),
    "ONNX, integers": Case(
        "onnx",
        onnx([node("Identity", ["x"], ["y"])], [("x", "INT64", [None, 2])], [("y", "INT64", [None, 2])]),
        st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=2),
    ),
    "ONNX, product": Case(
        "onnx",
        onnx(
            [node("MatMul", ["x", "w"], ["y"])],
            X,
            [("y", "FLOAT", [None, 2])],
            w=CHANCE.normal(size=(3, 2)).astype(np.float32),
        ),
        NUMBERS,
        True,
    ),
    "ONNX, two inputs": Case(
        "onnx",
        onnx(
            [node("Sub", ["a", "b"], ["y"])],
            [("b", "FLOAT", [None]), ("a", "FLOAT", [None])],
            [("y", "FLOAT", [None])],
        ),
        st.fixed_dictionaries({"a": FLOATS, "b": FLOATS}),
    ),
    "ONNX, rows kept": Case(
        "onnx", onnx(THRESHOLD, X, [("y", "FLOAT", [None, 3])], least=np.float32(20)), NUMBERS
    ),
    "ONNX, normalized": Case(
        "onnx",
        onnx(
            [node("ReduceMean", ["x"], ["m"], axes=[0], keepdims=1), node("Sub", ["x", "m"], ["y"])],
            X,
            [("y", "FLOAT", [None, 3])],
        ),
        NUMBERS,
    ),
}


async def answers(url: str, requests: Sequence[list[Any]]) -> list[Any]:
    """Return the predictions of requests that are sent at once."""
    limits = httpx.Limits(max_connections=CLIENTS)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:

        async def ask(instances: list[Any]) -> Any:
            answer = await client.post(url, content=json.dumps({"instances": instances}))
            assert answer.status_code == 200, answer.text
            return answer.json()["predictions"]

        return await asyncio.gather(*map(ask, requests))


@pytest.mark.parametrize("name", CASES)
def test_a_replica_answers_what_the_library_does(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    here = case.save(tmp_path)
    requests = st.lists(st.lists(case.instance, min_size=1, max_size=4), min_size=CLIENTS, max_size=CLIENTS)

    with replica(case.kind, tmp_path) as made:

        @given(requests)
        @settings(max_examples=4, deadline=None, suppress_health_check=TOO_MUCH, database=None)
        def each(asked: list[list[Any]]) -> None:
            for instances, found in zip(asked, asyncio.run(answers(made.url, asked)), strict=True):
                expected = here(instances)
                if case.rounds:
                    largest = np.abs(expected).max(initial=1e-300)
                    epsilon = float(np.finfo(expected.dtype).eps)
                    np.testing.assert_allclose(found, expected, rtol=0, atol=8 * epsilon * largest)
                else:
                    assert found == expected.tolist()

        each()
