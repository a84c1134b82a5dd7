"""Saved models that take the rows of many requests together."""

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from axon_runtime.call import Failed
from axon_runtime.logs import log

Rows = NDArray[Any]


class LoadError(Exception):
    """A model cannot be loaded. Its text is one line: which file, and why."""


class BadInputError(ValueError):
    """The client's rows are not what the model takes."""


class SavedModel:
    """A function of rows, and what is said of it."""

    def __init__(
        self,
        predict: Callable[[Rows], Rows],
        platform: str,
        features: int | None,
        wrong_input: tuple[type[Exception], ...],
        trusted: bool = False,
    ) -> None:
        """Take the function; it raises one of `wrong_input` when the rows are not what it takes."""
        self._predict, self.platform, self.features = predict, platform, features
        self._wrong_input, self.trusted = wrong_input, trusted

    trusted: bool
    """Whether all its code is a known library's, so that it may run on the event loop."""

    def predict(self, batch: Sequence[Rows]) -> list[Any]:
        """Return each request's predictions, or `Failed`, from one call where the rows fit together."""
        if len(batch) == 1:
            return [self._attempt(batch[0])]
        if len({(rows.shape[1:], rows.dtype) for rows in batch}) > 1:
            return [self._attempt(rows) for rows in batch]
        together = self._attempt(np.concatenate(batch))
        if isinstance(together, Failed):  # somebody's rows are wrong: the others' are not
            return [self._attempt(rows) for rows in batch]
        ends = accumulate((len(rows) for rows in batch), initial=0)
        return [together[start:end] for start, end in pairwise(ends)]

    def _attempt(self, rows: Rows) -> Any:
        try:
            return self._predict(rows)
        except self._wrong_input as error:
            return Failed(BadInputError(str(error)))
        except Exception as error:
            return Failed(error)


def load_sklearn(place: Path) -> SavedModel:
    """Load a fitted estimator that joblib saved: a file, or `model.joblib` in a folder.

    Raises:
        LoadError: when the file is missing, damaged, or not an estimator.
    """
    estimator = load_estimator(file_in(place, "model.joblib"))
    features = getattr(estimator, "n_features_in_", None)
    # What estimators raise on a wrong shape or type.
    return SavedModel(estimator.predict, "sklearn_joblib", features, (TypeError, ValueError))


def load_estimator(path: Path) -> Any:
    """Load what joblib saved, which has to predict.

    Raises:
        LoadError: when the file is missing, damaged, or not an estimator.
    """
    import joblib  # only images of scikit-learn have these
    import sklearn

    # The estimator's own settings were checked when it was fitted; it would check them at each call.
    sklearn.set_config(skip_parameter_validation=True)
    estimator = loaded(path, joblib.load)
    if not hasattr(estimator, "predict"):
        raise LoadError(f"{path} holds a {type(estimator).__name__}, which has no predict()")
    return estimator


def load_onnx(place: Path) -> SavedModel:
    """Load an ONNX model of one input, a file, or `model.onnx` in a folder; it predicts its first output.

    Raises:
        LoadError: when the file is missing, damaged, or has several inputs.
    """
    path = file_in(place, "model.onnx")
    session = loaded(path, onnx_session)
    if len(session.get_inputs()) != 1:
        names = ", ".join(given.name for given in session.get_inputs())
        raise LoadError(f"{path} has several inputs ({names}): serve it with a predictor of type python")
    (given,), output = session.get_inputs(), session.get_outputs()[0].name
    dtype, name = _ONNX_TYPES.get(given.type, np.float32), given.name

    def predict(rows: Rows) -> Rows:
        return session.run([output], {name: rows.astype(dtype, copy=False)})[0]

    features = given.shape[-1] if isinstance(given.shape[-1], int) else None
    return SavedModel(predict, "onnxruntime_onnx", features, wrong_onnx_input())


def onnx_session(model: Path | bytes) -> Any:
    """Return what runs a model, on the GPU if there is one."""
    import onnxruntime  # only images of ONNX have it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # replicas scale; threads of one would fight for its cores
    providers = ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():  # the image for GPUs
        onnxruntime.preload_dlls()
        providers.insert(0, "CUDAExecutionProvider")
    session = onnxruntime.InferenceSession(model, options, providers=providers)
    if providers[0] not in session.get_providers():
        log("warning", "ONNX Runtime cannot use a GPU here: the model runs on the CPU")
    return session


def wrong_onnx_input() -> tuple[type[Exception], ...]:
    """Return what a session, or what is done before it, raises on a wrong shape or type."""
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument

    return (InvalidArgument, Fail, ValueError, TypeError)


_ONNX_TYPES: dict[str, Any] = {
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(string)": np.object_,
}


def file_in(place: Path, *names: str) -> Path:
    """Return a model's file: a fetched one has its own name; in a folder, the first of the names."""
    if place.is_file():
        return place
    return next((place / name for name in names if (place / name).exists()), place / names[-1])


def loaded(path: Path, load: Callable[[Path], Any]) -> Any:
    """Return what a file holds.

    Raises:
        LoadError: when it is missing or cannot be read.
    """
    if not path.exists():
        raise LoadError(f"{path}: no such file")
    try:
        return load(path)
    except LoadError:
        raise
    except Exception as error:
        raise LoadError(f"{path}: {type(error).__name__}: {error}".splitlines()[0]) from None


def first_of(result: Any) -> Any:
    """Return what a model predicts: the first of its outputs, if it has several."""
    if isinstance(result, dict):
        return next(iter(cast(dict[str, Any], result).values()))
    return result[0] if isinstance(result, list | tuple) else result
