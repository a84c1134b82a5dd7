"""Estimators of scikit-learn that ONNX Runtime runs: exported when loaded, if both predict the same."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from axon_runtime.saved import (
    LoadError,
    Rows,
    SavedModel,
    file_in,
    load_estimator,
    onnx_session,
    wrong_onnx_input,
)
from axon_runtime.trial import Trial, trial

_Run = Callable[[Rows], Rows]
# ONNX Runtime has its trees in this version of the operators for machine learning.
_ML_OPERATORS = 3


def load_exported(place: Path) -> SavedModel:
    """Load a fitted estimator, and serve what it is exported to.

    That computes in single precision if it predicts the same so, as trees do, else in double.

    Raises:
        LoadError: when it cannot be loaded or exported, or when the export predicts something else.
    """
    path = file_in(place, "model.joblib")
    estimator = load_estimator(path)
    of = trial(path, estimator, place / "sample.json")
    failures: list[str] = []
    for dtype in (np.float32, np.float64):
        try:
            run = _exported(estimator, of, dtype)
            if not (difference := of.difference(run)):
                predict = _predict(run, of, dtype)
                return SavedModel(predict, "onnxruntime_onnx", of.features, wrong_onnx_input())
            failures.append(difference)
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}".splitlines()[0])
    kind = type(estimator).__name__
    raise LoadError(f"{path}: {kind} cannot be served by ONNX Runtime (leave `onnx` out): {failures[0]}")


def _exported(estimator: Any, of: Trial, dtype: type[Any]) -> _Run:
    """Return the exported estimator's `predict`, which answers in the shape that the estimator's own does."""
    from skl2onnx import get_latest_tested_opset_version, to_onnx  # only the image for exports has it
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
    from sklearn.base import is_classifier

    tensor: Any = FloatTensorType if dtype is np.float32 else DoubleTensorType
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model: Any = to_onnx(
            estimator,
            initial_types=[("rows", tensor([None, of.features]))],
            options={"zipmap": False} if is_classifier(estimator) else None,
            target_opset={"": get_latest_tested_opset_version(), "ai.onnx.ml": _ML_OPERATORS},
        )
    session = onnx_session(model.SerializeToString())
    outputs, shape = [session.get_outputs()[0].name], of.expected.shape[1:]

    def run(rows: Rows) -> Rows:
        given = rows.astype(dtype, copy=False)
        return session.run(outputs, {"rows": given})[0].reshape(len(rows), *shape)

    return run


def _predict(run: _Run, of: Trial, dtype: type[Any]) -> _Run:
    """Return a `predict` that answers in the estimator's own type, and refuses what the estimator does.

    And rows with missing numbers, if the export takes another way with them than the estimator.
    """
    takes_nan = of.holes is not None and not of.holes.difference(run)
    answered = of.expected.dtype

    def predict(rows: Rows) -> Rows:
        with np.errstate(over="ignore"):
            given = rows.astype(dtype, copy=False)
        wrong = np.isinf(given) if takes_nan else ~np.isfinite(given)
        if wrong.any():
            raise ValueError("the rows hold NaN, infinity, or a number that is too large")
        return run(given).astype(answered, copy=False)

    return predict
