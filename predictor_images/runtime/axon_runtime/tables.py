"""Rows for estimators: tables of numbers, of objects, or of named columns, with their original types."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast

import numpy as np
from msgspec import Meta

from axon_runtime.cells import Rows, nested, numeric, objects
from axon_runtime.cells import cast as cast_cells
from axon_runtime.columns import Column
from axon_runtime.errors import BadInputError, listed
from axon_runtime.saved import Described, Tensors
from axon_runtime.tensors import Tensor, texts

# A larger integer would be rounded next to a float.
_NUMBER = Annotated[int, Meta(ge=-(2**53), le=2**53)] | float


@dataclass
class Table:
    """Input of an estimator."""

    columns: list[Column]
    """Columns; empty if the estimator does not declare them: the input may then be texts."""

    named: bool
    """True if the estimator was fitted on named columns."""

    framed: bool = False
    """True if the estimator receives a DataFrame, with a type per column."""

    texts: bool = False
    """True if a row is a single text."""

    missing: bool = True
    """True if the estimator accepts missing numbers."""

    missing_text: Any = None
    """The estimator's value for a missing text."""

    known: bool = False
    """True if the types of the columns were determined."""

    @property
    def numeric(self) -> bool:
        """True if all columns accept only numbers."""
        return self.known and all(column.numeric for column in self.columns)


class TableReader:
    """Reader of requests to an estimator."""

    def __init__(self, table: Table) -> None:
        self._table, self._names = table, [column.name for column in table.columns]
        self._count = len(table.columns) or None
        fast = table.numeric or not table.columns or not table.known
        self.row: Any = str if table.texts else (None if table.framed else list[_NUMBER] if fast else None)
        self.inputs: Described = _described(table)

    def typed(self, instances: list[Any]) -> Tensors | None:
        """Return rows that are all numbers, or all texts."""
        if self._table.texts:
            return (objects(instances),) if instances else None
        try:
            rows = np.array(instances)
        except ValueError:  # of different lengths
            return None
        fits = rows.ndim == 2 and rows.shape[1] == (self._count or rows.shape[1])
        return (rows,) if fits and rows.size and rows.dtype.kind in "fi" else None

    def instances(self, instances: list[Any]) -> Tensors:
        """Return rows as lists, as objects by the columns' names, or as texts."""
        if not instances:
            raise BadInputError("instances is empty: one entry an example")
        if all(type(instance) is dict for instance in instances):
            return self._table_of(nested(self._ordered(instances)))
        return self._table_of(nested(instances))

    def tensors(self, inputs: Sequence[Tensor]) -> Tensors:
        """Return one tensor of rows, or columns by name if the estimator has named columns."""
        given = [self._columns(tensor) for tensor in inputs]
        if self._table.named and (len(inputs) > 1 or inputs[0].name in self._names):
            given = self._by_name(inputs, given)
        if len({len(columns) for columns in given}) > 1:
            raise BadInputError("inputs: the columns differ in length")
        if any(columns.ndim > 2 for columns in given):
            return self._table_of(given[0]) if len(given) == 1 else _refused_shapes()
        if len(given) == 1:
            return self._table_of(given[0])
        return self._table_of(_beside([c if c.ndim == 2 else c[:, None] for c in given]))

    def made_up(self, rows: int) -> Tensors | None:
        """Return distinct rows: numbers around 1, and the values that encoders list."""
        if self._table.texts:
            return (objects([f"text {index}" for index in range(rows)]),)
        if not self._table.known:
            return None
        chance = np.random.default_rng(0)
        cells = np.empty((rows, len(self._names)), dtype=object)
        for index, column in enumerate(self._table.columns):
            vary = column.numeric and type(column.example) is float
            cells[:, index] = chance.standard_normal(rows).tolist() if vary else [column.example] * rows
        return self._typed_table(cells)

    def _columns(self, tensor: Tensor) -> Rows:
        if not tensor.data.size or not tensor.data.ndim:
            raise BadInputError("inputs: the tensors need rows")
        return texts(tensor) if tensor.datatype == "BYTES" else tensor.data

    def _by_name(self, inputs: Sequence[Tensor], given: list[Rows]) -> list[Rows]:
        by_name = {tensor.name: columns for tensor, columns in zip(inputs, given, strict=True)}
        if by_name.keys() != set(self._names):
            raise BadInputError(f"inputs: the model takes {listed(self._names)}, each once")
        for columns in given:
            if columns.ndim > 2 or (columns.ndim == 2 and columns.shape[1] != 1):
                raise BadInputError("inputs: each is one column, of shape [n] or [n, 1]")
        return [by_name[name].reshape(-1) for name in self._names]

    def _ordered(self, instances: list[dict[str, Any]]) -> list[list[Any]]:
        if not self._table.named:
            raise BadInputError("instances: the model knows no names of columns: each has to be a list")
        wanted = set(self._names)
        for row, instance in enumerate(instances):
            if instance.keys() != wanted:
                raise BadInputError(f"row {row}: the model takes {listed(self._names)}, and no other names")
        return [[instance[name] for name in self._names] for instance in instances]

    def _table_of(self, rows: Rows) -> Tensors:
        """Return an estimator's input table for rows, with each value validated."""
        if self._table.texts:
            return self._texts(rows)
        if not self._count:
            return (numeric_or_objects(_one_text_a_row(rows), self._table),)
        if rows.ndim == 1 and self._count == 1 and self._table.named:
            rows = rows[:, None]
        if rows.ndim != 2 or rows.shape[1] != self._count:
            raise BadInputError(
                f"the shape is {list(rows.shape)}, and the model takes rows of {self._count} features"
            )
        return self._typed_table(rows)

    def _typed_table(self, rows: Rows) -> Tensors:
        if self._table.framed:
            return tuple(
                self._column(rows[:, index], column) for index, column in enumerate(self._table.columns)
            )
        if self._table.numeric:
            return (self._complete(numeric(rows) if rows.dtype.kind == "O" else _number(rows)),)
        return (self._objects(rows),)

    def _column(self, cells: Rows, column: Column) -> Rows:
        """Return one column of a DataFrame, with its own type."""
        if column.numeric:
            given = numeric(cells, column.name) if cells.dtype.kind == "O" else _number(cells, column.name)
            return self._complete(given, column.name)
        if cells.dtype.kind != "O":
            return cells
        if not self._table.known and set(map(type, cells.tolist())) == {type(None)}:
            return np.full(cells.shape, np.nan)  # missing numbers are more frequent than missing texts
        return inferred(cells, self._table.missing_text)

    def _objects(self, rows: Rows) -> Rows:
        """Return rows of several types, as Python objects."""
        if rows.dtype.kind != "O" and not any(column.numeric for column in self._table.columns):
            return rows
        made = np.empty(rows.shape, dtype=object)
        for index, column in enumerate(self._table.columns):
            made[:, index] = self._column(rows[:, index], column).tolist()
        return made

    def _complete(self, rows: Rows, name: str = "") -> Rows:
        """Return the rows; reject missing numbers if the estimator does not accept them."""
        return cast_cells(rows, rows.dtype, name, missing=self._table.missing)

    def _texts(self, rows: Rows) -> Tensors:
        if rows.ndim == 2 and rows.shape[1] == 1:
            rows = rows[:, 0]
        if rows.ndim != 1:
            raise BadInputError(f"the shape is {list(rows.shape)}, and the model takes one text a row")
        for row, text in enumerate(rows.tolist()):
            if type(text) is not str:
                raise BadInputError(f"row {row}: it is not text")
        return (rows,)


def numeric_or_objects(rows: Rows, table: Table) -> Rows:
    """Return rows of an estimator with undeclared input: as numbers if all are numbers."""
    if rows.dtype.kind != "O":
        return rows
    return inferred(rows, table.missing_text)


def inferred(cells: Rows, missing_text: Any) -> Rows:
    """Return cells as numbers, booleans, or objects; missing values among numbers are NaN."""
    types = set(map(type, cells.ravel().tolist()))
    present = types - {type(None)}
    if present and present <= {int, float}:
        return numeric(cells)
    if types == {bool}:
        return cells.astype(bool)
    if dict in types or list in types:
        raise BadInputError("a value is neither number nor text")
    if type(None) in types and missing_text is not None:
        return objects([missing_text if v is None else v for v in cells.ravel().tolist()]).reshape(
            cells.shape
        )
    return cells


def _one_text_a_row(rows: Rows) -> Rows:
    alone = rows.ndim == 2 and rows.shape[1] == 1 and set(map(type, rows.ravel().tolist())) == {str}
    return rows.reshape(-1) if alone else rows


def predictor_of(table: Table, method: Callable[[Any], Any]) -> Callable[[Tensors], Any]:
    """Return a function of tensors that calls an estimator's method with the method's input type."""
    if not table.framed:
        return lambda tensors: method(tensors[0])
    import pandas as pd  # pyright: ignore[reportMissingImports]  # only images whose requirements name it have it

    names = [column.name for column in table.columns]
    categorical = [column.name for column in table.columns if column.categorical]

    def framed(tensors: Tensors) -> Any:
        frame = pd.DataFrame(dict(zip(names, tensors, strict=True)), columns=pd.Index(names))
        for name in categorical:
            kinds = frame[name].dropna().unique().tolist()
            frame[name] = pd.Categorical(frame[name], pd.Index(sorted(kinds, key=str), dtype=object))
        return method(frame)

    return framed


def quietly(call: Callable[[], Any]) -> Any:
    """Return the result of a call, without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call()


def _number(rows: Rows, name: str = "") -> Rows:
    if rows.dtype.kind not in "fiu":
        raise BadInputError(f"row 0, column {name or 0}: it is true or false, and a number is needed")
    return rows.astype(np.float32) if rows.dtype == np.float16 else rows


def _beside(columns: list[Rows]) -> Rows:
    """Return columns as one table: of numbers if a type represents all of them, otherwise of objects."""
    kinds = {column.dtype.kind for column in columns}
    if kinds <= {"i", "u", "f"}:
        joined = np.concatenate(columns, axis=1)
        whole = [column for column in columns if column.dtype.kind != "f"]
        if joined.dtype.kind != "f" or all(_is_exact(column) for column in whole):
            return joined
    elif kinds == {"b"}:
        return np.concatenate(columns, axis=1)
    return np.concatenate([objects(c.ravel().tolist()).reshape(c.shape) for c in columns], axis=1)


def _is_exact(column: Rows) -> bool:
    return not column.size or max(abs(int(column.min())), abs(int(column.max()))) <= 2**53


def _refused_shapes() -> Any:
    raise BadInputError("inputs: each is columns of a table, of shape [n] or [n, m]")


def _described(table: Table) -> Described:
    if table.texts:
        return [("instances", "BYTES", [-1])]
    if table.named:
        return [(c.name, _datatype(c), [-1, 1]) for c in table.columns]
    kinds = {_datatype(column) for column in table.columns} or {"FP64"}
    return [("instances", kinds.pop() if len(kinds) == 1 else "BYTES", [-1, len(table.columns) or -1])]


def _datatype(column: Column) -> str:
    kinds = cast(dict[type, str], {str: "BYTES", bool: "BOOL", int: "INT64"})
    return kinds.get(type(column.example), "FP64")
