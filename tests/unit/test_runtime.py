"""The server in a predictor image, over real HTTP semantics."""

import importlib
import sys
from pathlib import Path
from typing import Any

import joblib
import pytest
from starlette.testclient import TestClient

PREDICTOR_IMAGES = Path(__file__).parents[2] / "predictor_images"


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The modules as the image has them: `runtime` at the top."""
    monkeypatch.syspath_prepend(str(PREDICTOR_IMAGES))
    for module in ("runtime.app", "runtime.estimator"):
        importlib.import_module(module)
    yield sys.modules["runtime"]
    for name in [n for n in sys.modules if n.split(".")[0] == "runtime"]:
        del sys.modules[name]


def test_an_estimator_answers(runtime: Any) -> None:
    model = PREDICTOR_IMAGES.parent / "predictors" / "iris" / "model.joblib"
    with TestClient(runtime.app.app(lambda: runtime.estimator.load_estimator(model))) as client:
        answer = client.post("/", json={"instances": [[5.1, 3.5, 1.4, 0.2]]})

    assert answer.json() == {"predictions": [0]}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not JSON"),
        (b"[]", "instances"),
        (b"{}", "instances"),
        (b'{"instances": []}', "instances"),
        (b'{"instances": [[1, 2]]}', "features"),
        (b'{"instances": [["a", "b", "c", "d"]]}', "could not convert"),
    ],
)
def test_a_wrong_request_is_the_clients_error(runtime: Any, body: bytes, reason: str) -> None:
    model = PREDICTOR_IMAGES.parent / "predictors" / "iris" / "model.joblib"
    with TestClient(runtime.app.app(lambda: runtime.estimator.load_estimator(model))) as client:
        answer = client.post("/", content=body)

    assert answer.status_code == 400
    assert reason in answer.json()["error"]


def test_what_cannot_predict_is_refused_at_the_start(runtime: Any, tmp_path: Path) -> None:
    joblib.dump({"not": "an estimator"}, tmp_path / "model.joblib")

    with pytest.raises(AttributeError, match="holds a dict, which has no predict"):
        runtime.estimator.load_estimator(tmp_path / "model.joblib")
