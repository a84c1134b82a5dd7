"""Saved models: functions of tensors that process the rows of several requests together if that is safe."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from axon_runtime.call import Failed
from axon_runtime.cells import Rows
from axon_runtime.errors import BadInputError, LoadError, listed
from axon_runtime.joint import Joint, length, split
from axon_runtime.logs import log
from axon_runtime.tensors import Tensor

__all__ = ["Asked", "BadInputError", "Described", "LoadError", "Reader", "SavedModel", "file_in", "loaded"]

Described = Sequence[tuple[str, str, list[int]]]
"""Name, datatype and shape of each tensor; -1 for a dimension of any size."""

Tensors = tuple[Rows, ...]


class Asked(NamedTuple):
    """Input of one request for a model, and the requested outputs."""

    tensors: Tensors
    outputs: tuple[str, ...]


class Reader(Protocol):
    """Converter of requests into a model's tensors."""

    inputs: Described

    row: Any
    """Type of a row that `typed` accepts, for msgspec; None: no such type."""

    def typed(self, instances: list[Any]) -> Tensors | None:
        """Return the tensors of rows that were decoded as `row`, or None if `instances` must convert them."""
        ...

    def instances(self, instances: list[Any]) -> Tensors:
        """Return the tensors of any rows.

        Raises:
            BadInputError: with the problem and its position.
        """
        ...

    def tensors(self, inputs: Sequence[Tensor]) -> Tensors:
        """Return the tensors of an inference request.

        Raises:
            BadInputError: with the problem and its position.
        """
        ...

    def made_up(self, rows: int) -> Tensors | None:
        """Return tensors with the given number of distinct rows for a trial run, or None if no rows can be
        generated.
        """
        ...


# A slower model is compared on its first requests, not on generated rows.
_SLOW_SECONDS = 0.5

Runner = Callable[[Tensors, tuple[str, ...]], Sequence[Any]]
"""Function of tensors and names of outputs that returns the outputs."""


@dataclass
class SavedModel:
    """A model and its properties."""

    run: Runner
    reader: Reader
    platform: str
    outputs: Described
    by_rows: bool
    """True if its structure implies one result per row; only then do requests run together."""

    explain: Callable[[Exception], str | None]
    """Returns the client's error in an exception of the model; None: the model itself failed."""

    trusted: bool = False
    """True if all its code belongs to a known library, so that it may run on the event loop."""

    aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names of further outputs."""

    chosen: tuple[str, ...] | None = None
    """Default outputs of the inference protocol; None: all."""

    on_unbatched: Callable[[], None] | None = None
    """Called once, when batches of the model are disabled."""

    _joint: dict[tuple[str, ...], Joint] = field(default_factory=dict[tuple[str, ...], Joint])
    _tried: bool = False

    def __post_init__(self) -> None:
        """Set the output of `POST /`: the first."""
        self.default: tuple[str, ...] = (self.outputs[0][0],)

    def named(self, asked: Sequence[str]) -> tuple[str, ...]:
        """Return the model's own names of the requested outputs.

        Raises:
            BadInputError: when there is no such output, or an output is requested twice.
        """
        own = [name for name, _, _ in self.outputs]
        names = tuple(name if name in own else self.aliases.get(name, "") for name in asked)
        if not names or "" in names:
            raise BadInputError(f"outputs: the model has {listed(own)}")
        if len(set(names)) != len(names):
            raise BadInputError("outputs: each can be asked for once")
        return names

    def predict(self, batch: Sequence[Asked]) -> list[Any]:
        """Return each request's outputs, or `Failed`: from one run for all requests if that is safe."""
        if len(batch) == 1:
            return [self._alone(batch[0])]
        if _of_one_kind(batch):
            return self._together(batch)
        groups: dict[Any, list[int]] = {}
        for index, asked in enumerate(batch):
            groups.setdefault(_key(asked), []).append(index)
        results: list[Any] = [None] * len(batch)
        for indices in groups.values():
            for index, result in zip(indices, self._together([batch[i] for i in indices]), strict=True):
                results[index] = result
        return results

    def try_out(self) -> None:
        """Compare separate runs and batches of generated rows, before the first request."""
        made = self.reader.made_up(3)
        if made is None or not self.by_rows:
            return
        first, rest = (tuple(tensor[part] for tensor in made) for part in (slice(0, 1), slice(1, 3)))
        start = time.perf_counter()
        try:
            alone = [self.run(first, self.default)]
            if time.perf_counter() - start > _SLOW_SECONDS:
                return
            alone.append(self.run(rest, self.default))
            together = self.run(made, self.default)
        except Exception:
            return  # the model requires other rows; those of its first requests are compared
        joint = self._of(self.default)
        joint.compare(alone, together, (1, 2))
        if joint.allowed:
            joint.proved_by_trial()
            self._tried = True

    def _of(self, outputs: tuple[str, ...]) -> Joint:
        found = self._joint.get(outputs)
        if found is None:
            found = self._joint[outputs] = Joint(allowed=self.by_rows, on_refused=self._refused)
        return found

    def _refused(self, why: str) -> None:
        if self.by_rows:
            self.by_rows = False
            for joint in self._joint.values():
                joint.allowed = False
            log("warning", f"requests are no longer run together: {why}")
            if self.on_unbatched:
                self.on_unbatched()

    def _together(self, batch: Sequence[Asked]) -> list[Any]:
        joint = self._of(batch[0].outputs)
        if not joint.allowed or len(batch) == 1:
            return [self._alone(asked) for asked in batch]
        if not joint.proved:
            return self._proving(batch, joint)
        counts = [len(asked.tensors[0]) for asked in batch]
        results = self._attempt(_joined(batch), batch[0].outputs)
        if isinstance(results, Failed):  # the rows of one request are invalid, which must not fail the others
            return [self._alone(asked) for asked in batch]
        parts = split(results, counts)
        if parts is None:
            joint.refuse("a joint result has not one row for each row")
            return [self._alone(asked) for asked in batch]
        if joint.wants_spot_check():
            one = self._alone(batch[0])
            if not isinstance(one, Failed):
                joint.compare([one], parts[0], counts[:1])
            if not joint.allowed:
                return [self._alone(asked) for asked in batch]
        return parts

    def _proving(self, batch: Sequence[Asked], joint: Joint) -> list[Any]:
        """Respond from separate runs, and compare them with batches of some and of all."""
        results = [self._alone(asked) for asked in batch]
        good = [index for index, result in enumerate(results) if not isinstance(result, Failed)]
        for size in sorted({2, 3, len(good)}):
            some = good[:size]
            if not 1 < size <= len(good) or not joint.allowed or joint.proved:
                break
            if not self._tried and _alike([batch[index] for index in some]):
                break  # identical rows prove nothing
            together = self._attempt(_joined([batch[index] for index in some]), batch[0].outputs)
            counts = [len(batch[index].tensors[0]) for index in some]
            known = None if isinstance(together, Failed) else together
            joint.compare([results[index] for index in some], known, counts)
        return results

    def _alone(self, asked: Asked) -> Any:
        results = self._attempt(asked.tensors, asked.outputs)
        if not self.by_rows or isinstance(results, Failed):
            return results
        rows, joint = len(asked.tensors[0]), self._of(asked.outputs)
        for result in results if joint.allowed else ():
            if (found := length(result)) is None:
                joint.allowed = False  # such as a list of arrays
            elif found != rows:
                joint.refuse("a result has not one row for each row")
        return results

    def _attempt(self, tensors: Tensors, outputs: tuple[str, ...]) -> Any:
        try:
            return tuple(self.run(tensors, outputs))
        except BadInputError as error:
            return Failed(error)
        except Exception as error:
            reason = self.explain(error)
            return Failed(error if reason is None else BadInputError(reason))
        except BaseException as error:  # a panic of an extension
            return Failed(error)


def _of_one_kind(batch: Sequence[Asked]) -> bool:
    """Return whether all requests of a batch are compatible, by a fast check that suffices for most."""
    (first, *more), outputs = batch[0]
    kind, width = first.dtype, first.shape[1:]
    if more:
        return False
    for (tensor, *_), wanted in batch:
        if tensor.dtype is not kind or tensor.shape[1:] != width or wanted is not outputs:
            return False
    return True


def _key(asked: Asked) -> Any:
    return asked.outputs, tuple((tensor.dtype, tensor.shape[1:]) for tensor in asked.tensors)


def _joined(batch: Sequence[Asked]) -> Tensors:
    if len(batch[0].tensors) == 1:
        return (np.concatenate([asked.tensors[0] for asked in batch]),)
    return tuple(np.concatenate(parts) for parts in zip(*(asked.tensors for asked in batch), strict=True))


def _alike(batch: Sequence[Asked]) -> bool:
    first = batch[0].tensors
    return all(
        all(np.array_equal(one, other) for one, other in zip(first, asked.tensors, strict=True))
        for asked in batch[1:]
    )


def file_in(place: Path, *names: str) -> Path:
    """Return a model's file: a fetched file has its own name; in a folder, the first of the names."""
    if place.is_file():
        return place
    return next((place / name for name in names if (place / name).exists()), place / names[-1])


def loaded(path: Path, load: Callable[[Path], Any]) -> Any:
    """Return the loaded content of a file.

    Raises:
        LoadError: when the file is missing or cannot be read.
    """
    if not path.exists():
        raise LoadError(f"{path}: no such file")
    try:
        return load(path)
    except LoadError:
        raise
    except Exception as error:
        raise LoadError(f"{path}: {type(error).__name__}: {error}".splitlines()[0]) from None
