"""scikit-learn estimators that run in ONNX Runtime: exported when loaded, if the predictions are the same."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from axon_runtime.blame import explain_library
from axon_runtime.cells import Rows
from axon_runtime.columns import columns_of, names_of
from axon_runtime.errors import BadInputError, LoadError
from axon_runtime.estimators import PREDICTIONS, load_estimator, outputs_of, runs_of
from axon_runtime.graphs import sizes_follow_rows
from axon_runtime.onnx_models import explain_onnx, onnx_session
from axon_runtime.saved import SavedModel, Tensors, file_in
from axon_runtime.tables import Table, TableReader
from axon_runtime.trial import Trial, trial
from axon_runtime.trust import Imported

_Run = Callable[[Rows], Rows]
# ONNX Runtime supports tree ensembles in this version of the machine learning operators.
_ML_OPERATORS = 3


def load_exported(place: Path) -> SavedModel:
    """Load a fitted estimator, and serve its export.

    The export computes in single precision if its predictions are then the same, as with trees, otherwise in
    double precision.

    Raises:
        LoadError: when it cannot be loaded or exported, or when the export's predictions differ.
    """
    path = file_in(place, "model.joblib")
    estimator, imported = load_estimator(path)
    of = trial(path, estimator, place / "sample.json")
    failures: list[str] = []
    for dtype in (np.float32, np.float64):
        try:
            run, by_rows = _exported(estimator, of, dtype)
            if not (difference := of.difference(run)):
                takes_missing = of.holes is not None and not of.holes.difference(run)
                predict = _predict(run, of, dtype, takes_missing=takes_missing)
                return _model(estimator, imported, predict, by_rows=by_rows, takes_missing=takes_missing)
            failures.append(difference)
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}".splitlines()[0])
    kind = type(estimator).__name__
    raise LoadError(f"{path}: {kind} cannot be served by ONNX Runtime (leave `onnx` out): {failures[0]}")


def _model(
    estimator: Any, imported: Imported, predict: _Run, *, by_rows: bool, takes_missing: bool
) -> SavedModel:
    """Return the model with the export's `predict`, and the estimator's own other methods."""
    columns = columns_of(estimator)
    for column in columns:
        column.numeric, column.example = True, 1.0
    named = bool(names_of(estimator))
    table = Table(columns, named, missing=takes_missing, known=True)
    reader = TableReader(table)
    runs = {**runs_of(estimator, table), PREDICTIONS: lambda tensors: predict(tensors[0])}

    def run(tensors: Tensors, outputs: tuple[str, ...]) -> list[Any]:
        return [runs[name](tensors) for name in outputs]

    model = SavedModel(
        run,
        reader,
        "onnxruntime_onnx",
        outputs_of(reader, runs),
        by_rows=by_rows and imported.by_rows,
        explain=lambda error: explain_onnx(error) or explain_library(error),
        trusted=imported.trusted,
        aliases={"predict": PREDICTIONS},
        chosen=(PREDICTIONS,),
    )
    model.try_out()
    return model


def _exported(estimator: Any, of: Trial, dtype: type[Any]) -> tuple[_Run, bool]:
    """Return the exported estimator's `predict`, whose results have the estimator's own shape.

    The second value is whether the sizes of the results depend only on the number of rows.
    """
    from skl2onnx import get_latest_tested_opset_version, to_onnx  # only in the image for exports
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
    content = model.SerializeToString()
    session = onnx_session(content)
    outputs, shape = [session.get_outputs()[0].name], of.expected.shape[1:]

    def run(rows: Rows) -> Rows:
        given = rows.astype(dtype, copy=False)
        return session.run(outputs, {"rows": given})[0].reshape(len(rows), *shape)

    return run, sizes_follow_rows(content)


def _predict(run: _Run, of: Trial, dtype: type[Any], *, takes_missing: bool) -> _Run:
    """Return a `predict` with the estimator's own type, which rejects the same rows as the estimator.

    Rows with missing numbers are rejected, too, if the export treats them differently.
    """
    answered = of.expected.dtype

    def predict(rows: Rows) -> Rows:
        with np.errstate(over="ignore"):
            given = rows.astype(dtype, copy=False)
        wrong = np.isinf(given) if takes_missing else ~np.isfinite(given)
        if wrong.any():
            raise BadInputError("the rows hold NaN, infinity, or a number that is too large")
        return run(given).astype(answered, copy=False)

    return predict
