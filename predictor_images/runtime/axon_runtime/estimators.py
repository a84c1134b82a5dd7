"""Fitted estimators of scikit-learn, and of libraries with the same interface."""

import importlib.util
import json
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from axon_runtime.blame import explain_library
from axon_runtime.cells import objects
from axon_runtime.columns import columns_of, missing_text, names_of
from axon_runtime.errors import LoadError
from axon_runtime.joint import length
from axon_runtime.saved import Described, SavedModel, Tensors, file_in, loaded
from axon_runtime.specs import datatype
from axon_runtime.tables import Table, TableReader, predictor_of, quietly
from axon_runtime.trust import Imported, recording

METHODS = ("predict_proba", "predict_log_proba", "decision_function", "transform")
"""Methods of an estimator that clients may request by name, in addition to `predict`."""

PREDICTIONS = "predictions"
# Up to this number, each column is tested with text; above, all columns at once.
_TRIED = 100


def load_sklearn(place: Path) -> SavedModel:
    """Load a fitted estimator that joblib saved: a file, or `model.joblib` in a folder.

    Raises:
        LoadError: when the file is missing, damaged, not an estimator, or of another version of scikit-learn.
    """
    estimator, imported = load_estimator(file_in(place, "model.joblib"))
    return estimator_model(estimator, imported, place)


def estimator_model(estimator: Any, imported: Imported, place: Path) -> SavedModel:
    """Return an estimator as a model."""
    table = table_of(estimator, _sample(place), trusted=imported.trusted)
    reader = TableReader(table)
    runs = runs_of(estimator, table)

    def run(tensors: Tensors, outputs: tuple[str, ...]) -> list[Any]:
        return [runs[name](tensors) for name in outputs]

    first = next(iter(runs))
    model = SavedModel(
        run,
        reader,
        "sklearn_joblib",
        outputs_of(reader, runs),
        by_rows=imported.by_rows,
        explain=explain_library,
        trusted=imported.trusted,
        aliases={"predict": first, PREDICTIONS: first},
        chosen=(first,),
    )
    model.try_out()
    return model


def runs_of(estimator: Any, table: Table) -> dict[str, Callable[[Tensors], Any]]:
    """Return the methods of an estimator by name, `predict` or its equivalent first."""
    names = [name for name in ("predict", *METHODS) if hasattr(estimator, name)]
    runs = {name: _configured(predictor_of(table, getattr(estimator, name))) for name in names}
    if "predict" in runs:
        return {PREDICTIONS: runs.pop("predict"), **runs}
    return runs


def _configured(run: Callable[[Tensors], Any]) -> Callable[[Tensors], Any]:
    """Return a function that runs with scikit-learn's current settings, which are local to a thread."""
    import sklearn

    config = sklearn.get_config()

    def call(tensors: Tensors) -> Any:
        sklearn.set_config(**config)
        return run(tensors)

    return call


def load_estimator(path: Path) -> tuple[Any, Imported]:
    """Return an estimator that joblib saved, and its imports; it must predict or transform.

    Modules next to the file can be imported.

    Raises:
        LoadError: when the file is missing, damaged, not an estimator, or of another version of scikit-learn.
    """
    import joblib  # only images of scikit-learn contain these
    import sklearn

    # The estimator's own parameters were validated when it was fitted; validation would be repeated per call.
    sklearn.set_config(skip_parameter_validation=True)
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    if str(path.parent) not in sys.path and any(path.parent.glob("*.py")):
        sys.path.insert(0, str(path.parent))
    with recording() as imported:
        estimator = loaded(path, lambda found: _checked(found, joblib.load))
    if not any(hasattr(estimator, name) for name in ("predict", "transform")):
        raise LoadError(f"{path} holds a {type(estimator).__name__}, which has no predict()")
    return estimator, imported


def _checked(path: Path, load: Callable[[Path], Any]) -> Any:
    """Return the content of a file, unless another version of scikit-learn saved it."""
    from sklearn.exceptions import InconsistentVersionWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found, failure = load(path), None
        except Exception as error:
            found, failure = None, error
    for warning in caught:
        message = warning.message
        if isinstance(message, InconsistentVersionWarning):
            saved_by, here = message.original_sklearn_version, message.current_sklearn_version
            raise LoadError(
                f"{path} was saved by scikit-learn {saved_by}, and here is {here}: save it with {here}, "
                f"or write scikit-learn=={saved_by} into the requirements.txt of its folder"
            )
    if failure:
        raise failure
    return found


def table_of(estimator: Any, sample: list[Any], *, trusted: bool) -> Table:
    """Return the input table of an estimator: as declared, and as tested with generated rows.

    User code is not run with generated rows: it might block, or store them.
    """
    columns = columns_of(estimator)
    named = bool(names_of(estimator))
    framed = named and importlib.util.find_spec("pandas") is not None
    table = Table(columns, named, framed, missing_text=missing_text(estimator))
    if not trusted:
        return table
    method = getattr(estimator, "predict", None) or estimator.transform
    if not columns:
        text = objects(["some text", "other words"])
        table.texts = not _fails(lambda: method(text)) and _fails(lambda: method(np.ones((2, 1))))
        return table
    _try(table, predictor_of(table, method), sample)
    return table


def _try(table: Table, predict: Callable[[Tensors], Any], sample: list[Any]) -> None:
    """Determine which columns accept only numbers, and whether those may be missing."""
    columns = table.columns
    row = [column.example for column in columns]
    if _fails(lambda: predict(_one(table, row))):
        if not sample or len(sample) != len(columns) or _fails(lambda: predict(_one(table, sample))):
            return
        row = sample
        for column, value in zip(columns, row, strict=True):
            column.example = value
    table.known = True
    numbers = [type(value) in (int, float) for value in row]
    mixed = len(columns) <= _TRIED and not all(type(value) is float and value == 1.0 for value in row)
    for index, column in enumerate(columns):
        if numbers[index] and (mixed or index == 0):
            other = ["no number" if at == index or not mixed else value for at, value in enumerate(row)]
            column.numeric = _fails(lambda other=other: predict(_one(table, other)))
        elif numbers[index]:
            column.numeric = columns[0].numeric
    holes = [np.nan if column.numeric else value for column, value in zip(columns, row, strict=True)]
    table.missing = not _fails(lambda: predict(_one(table, holes)))


def _one(table: Table, row: Sequence[Any]) -> Tensors:
    """Return one row in the form of an estimator's input."""
    if table.framed:
        return tuple(objects([v]) if v is None or type(v) is str else np.array([v]) for v in row)
    if all(type(value) in (int, float) for value in row):
        return (np.array([row]),)
    return (objects(list(row)).reshape(1, -1),)


def _fails(call: Callable[[], Any]) -> bool:
    try:
        quietly(call)
    except Exception:
        return True
    return False


def _sample(place: Path) -> list[Any]:
    """Return the first row of the sample next to a model, if it is a list."""
    file = place / "sample.json"
    if not file.is_file():
        return []
    try:
        row = json.loads(file.read_text())["instances"][0]
    except (ValueError, KeyError, IndexError, TypeError):
        return []
    return cast(list[Any], row) if isinstance(row, list) else []


def outputs_of(reader: TableReader, runs: dict[str, Callable[[Tensors], Any]]) -> Described:
    """Return the names, types and shapes of an estimator's outputs, from its results for a row."""
    made = reader.made_up(1)
    described: list[tuple[str, str, list[int]]] = []
    for name, run in runs.items():
        try:
            given = cast(Any, quietly(lambda run=run: run(made)) if made is not None else np.zeros(1))
            array = given if hasattr(given, "dtype") else np.asarray(given)
            rows, *rest = array.shape
            shape = [-1, *rest] if length(given) else [rows, -1, *rest[1:]]
            described.append((name, datatype(array.dtype), shape))
        except Exception:
            described.append((name, "FP64", [-1]))
    return described
