"""Input tensors of a model by name, type and shape, and the conversion of requests into them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from axon_runtime.cells import Rows, cast, nested, objects
from axon_runtime.errors import BadInputError, listed
from axon_runtime.saved import Described, Tensors
from axon_runtime.tensors import Tensor, texts

TEXT = np.dtype(object)
_DATATYPES = {"float": "FP", "int": "INT", "uint": "UINT"}


@dataclass(frozen=True)
class Spec:
    """An input or output tensor of a model."""

    name: str
    dtype: np.dtype[Any]
    """Type of objects for text."""

    shape: tuple[int | None, ...] | None
    """None as a dimension: any size; None as the shape: any shape."""

    datatype: str | None = None
    """The protocol's name of a type that numpy lacks."""

    @property
    def described(self) -> tuple[str, str, list[int]]:
        """Return name, datatype and shape."""
        shape = [-1] if self.shape is None else [-1 if size is None else size for size in self.shape]
        return self.name, self.datatype or datatype(self.dtype), shape

    def fits(self, tensor: Rows) -> bool:
        """Return whether a tensor has the shape."""
        return self.shape is None or (
            tensor.ndim == len(self.shape)
            and all(size in (None, own) for size, own in zip(self.shape, tensor.shape, strict=True))
        )

    def made(self, given: Rows, *, missing: bool, what: str) -> Rows:
        """Return a tensor of the model's type and shape.

        Raises:
            BadInputError: when the shape differs, or the type cannot represent the values.
        """
        if not self.fits(given):
            wanted = self.described[2]
            raise BadInputError(
                f"{self.name}: the shape is {list(given.shape)}, and the model takes {wanted}"
            )
        if not given.size and self.dtype.kind != "O":
            return given.astype(self.dtype)
        return cast(given, self.dtype, what, missing=missing)


def datatype(dtype: np.dtype[Any]) -> str:
    """Return the protocol's name of a numpy type."""
    if dtype.kind == "b":
        return "BOOL"
    kind = dtype.name.rstrip("0123456789")
    return f"{_DATATYPES[kind]}{dtype.itemsize * 8}" if kind in _DATATYPES else "BYTES"


class SpecReader:
    """Reader of requests to a model with named tensors."""

    def __init__(
        self, specs: Sequence[Spec], *, missing: bool = True, likely: tuple[int | None, ...] = ()
    ) -> None:
        """Create the reader from a model's declared inputs; `likely` is a shape to try if none is
        declared.
        """
        self._likely = likely
        self._specs = {spec.name: spec for spec in specs}
        self._only = specs[0] if len(specs) == 1 else None
        self.missing = missing
        self.inputs: Described = [spec.described for spec in specs]
        self.row = _row_type(self._only) if self._only else None
        self._width = _width(self._only) if self._only else None

    def typed(self, instances: list[Any]) -> Tensors | None:
        """Return rows of numbers that the type represents exactly, without conversion."""
        assert self._only is not None
        try:
            tensor = np.array(instances, dtype=self._only.dtype)
        except (ValueError, OverflowError):  # of different lengths
            return None
        fits = tensor.shape[1:] == self._width or self._only.fits(tensor)
        return (tensor,) if fits and tensor.shape[0] else None

    def instances(self, instances: list[Any]) -> Tensors:
        """Return rows as lists, or as objects by the inputs' names."""
        if not instances:
            raise BadInputError("instances is empty: one entry an example")
        if all(type(instance) is dict for instance in instances):
            return self._by_name(instances)
        if self._only is None:
            raise BadInputError(f"instances: each needs to be an object with {listed(list(self._specs))}")
        return (self._only.made(nested(instances), missing=self.missing, what=""),)

    def _by_name(self, instances: list[dict[str, Any]]) -> Tensors:
        wanted = self._specs.keys()
        for row, instance in enumerate(instances):
            if instance.keys() != wanted:
                raise BadInputError(f"row {row}: the model takes {listed(list(wanted))}, and no other names")
        made: list[Rows] = []
        for name, spec in self._specs.items():
            given = nested([instance[name] for instance in instances], name)
            made.append(spec.made(_deepened(given, spec), missing=self.missing, what=name))
        return tuple(made)

    def tensors(self, inputs: Sequence[Tensor]) -> Tensors:
        """Return the tensors of an inference request, by name; a single tensor may have any name."""
        if self._only and len(inputs) == 1:
            found: Mapping[str, Tensor] = {self._only.name: inputs[0]}
        else:
            found = {tensor.name: tensor for tensor in inputs}
        if found.keys() != self._specs.keys() or len(found) != len(inputs):
            raise BadInputError(f"inputs: the model takes {listed(list(self._specs))}, each once")
        made: list[Rows] = []
        for name, spec in self._specs.items():
            given = texts(found[name]) if found[name].datatype == "BYTES" else found[name].data
            given = _deepened(given, spec)
            made.append(spec.made(given, missing=self.missing, what="" if self._only else name))
        if not made[0].size:
            raise BadInputError("inputs: the tensors are empty")
        return tuple(made)

    def made_up(self, rows: int) -> Tensors | None:
        """Return distinct rows: numbers around 0, integers that are 0 or 1."""
        chance = np.random.default_rng(0)
        made: list[Rows] = []
        for spec in self._specs.values():
            known = spec.shape or self._likely
            if not known or known[0] not in (None, rows):
                return None
            shape = (rows, *(size or 4 for size in known[1:]))
            if spec.dtype.kind == "f":
                made.append(chance.standard_normal(shape).astype(spec.dtype))
            elif spec.dtype.kind == "O":
                made.append(objects([f"text {index}" for index in range(int(np.prod(shape)))]).reshape(shape))
            else:
                made.append(chance.integers(0, 2, shape).astype(spec.dtype))
        return tuple(made)


def takes_missing(reader: SpecReader, run: Any) -> bool:
    """Return whether a model gives predictions, and not NaN, for rows whose floats are all missing."""
    made = reader.made_up(1)
    if made is None or not any(tensor.dtype.kind == "f" for tensor in made):
        return True
    holes = tuple(np.full_like(tensor, np.nan) if tensor.dtype.kind == "f" else tensor for tensor in made)
    try:
        if _has_nan(run(made)):
            return True  # predictions without missing numbers prove nothing
    except Exception:
        return True
    try:
        return not _has_nan(run(holes))
    except Exception:
        return False


def _has_nan(results: Sequence[Any]) -> bool:
    arrays = [result for result in results if isinstance(result, np.ndarray)]
    return any(array.dtype.kind == "f" and bool(np.isnan(array).any()) for array in arrays)


def _deepened(given: Rows, spec: Spec) -> Rows:
    """Return a column as rows of length one, or the reverse, to match the model's shape."""
    if spec.shape is None or spec.fits(given):
        return given
    if given.ndim == 1 and len(spec.shape) == 2 and spec.shape[1] in (None, 1):
        return given.reshape(-1, 1)
    if given.ndim == 2 and given.shape[1] == 1 and len(spec.shape) == 1:
        return given.reshape(-1)
    return given


def _row_type(spec: Spec) -> Any:
    """Return the type of a row whose numbers the spec's type can represent, for msgspec."""
    if spec.shape == ():
        return None
    item: Any = _item_type(spec.dtype)
    for _ in spec.shape[1:] if spec.shape else (1,):
        item = list[item]
    return item


def _item_type(dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "f":
        most = float(np.finfo(dtype).max)
        return Annotated[float, Meta(ge=-most, le=most)]
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if limits.max > 2**63 - 1:  # msgspec's constraints have no larger bounds
            return Annotated[int, Meta(ge=0, le=2**63 - 1)]
        return Annotated[int, Meta(ge=int(limits.min), le=int(limits.max))]
    return bool if dtype.kind == "b" else str


def _width(spec: Spec) -> tuple[int | None, ...] | None:
    """Return the shape of a row if the number of rows is variable."""
    return spec.shape[1:] if spec.shape and spec.shape[0] is None else None


def decoder(row: Any) -> Any:
    """Return the decoder of a body of `POST /` for a type of rows."""
    made = msgspec.defstruct("Typed", [("instances", list[row]), ("outputs", list[str] | None, None)])
    return msgspec.json.Decoder(made)
