"""ONNX models: any number of named inputs and outputs, of every element type that numpy supports."""

import ctypes
import mmap
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from axon_runtime.blame import shortened
from axon_runtime.cells import Rows
from axon_runtime.errors import LoadError
from axon_runtime.graphs import sizes_follow_rows
from axon_runtime.logs import log
from axon_runtime.saved import SavedModel, Tensors, file_in, loaded
from axon_runtime.specs import TEXT, Spec, SpecReader, takes_missing

_DTYPES: dict[str, np.dtype[Any]] = {
    "float": np.dtype(np.float32),
    "double": np.dtype(np.float64),
    "float16": np.dtype(np.float16),
    "string": TEXT,
    "bool": np.dtype(np.bool_),
    **{name: np.dtype(name) for name in ("int8", "int16", "int32", "int64")},
    **{name: np.dtype(name) for name in ("uint8", "uint16", "uint32", "uint64")},
}
_BF16 = "tensor(bfloat16)"
_BF16_NUMBER = 16  # in onnx.proto
# Parts of messages of errors that wrong sizes or indices of a client cause.
_SIZES = ("dimension", "shape", "out of bounds", "out of data bounds", "index", "indices", "rank")


def load_onnx(place: Path) -> SavedModel:
    """Load an ONNX model: a file, or `model.onnx` in a folder.

    Raises:
        LoadError: when the file is missing, damaged, or has an input that no request can contain.
    """
    path = file_in(place, "model.onnx")
    session = loaded(path, onnx_session)
    given = [_spec(path, node) for node in session.get_inputs()]
    outputs = [_spec(path, node, result=True) for node in session.get_outputs()]
    run = runner(session)
    names = tuple(output.name for output in outputs)
    reader = SpecReader(given)
    reader.missing = takes_missing(reader, lambda tensors: run(tensors, names))
    model = SavedModel(
        run,
        reader,
        "onnxruntime_onnx",
        [output.described for output in outputs],
        by_rows=_by_rows(session, given) and sizes_follow(path),
        explain=explain_onnx,
        trusted=True,
        aliases={"predictions": names[0]},
    )
    model.try_out()
    return model


def runner(session: Any) -> Callable[[Tensors, tuple[str, ...]], Sequence[Any]]:
    """Return a function that runs a session with tensors in the order of its inputs."""
    inputs = [node.name for node in session.get_inputs()]
    if any(node.type == _BF16 for node in (*session.get_inputs(), *session.get_outputs())):
        return _bf16_runner(session)
    if len(inputs) == 1:
        (only,) = inputs
        return lambda tensors, outputs: session.run(outputs, {only: tensors[0]})
    return lambda tensors, outputs: session.run(outputs, dict(zip(inputs, tensors, strict=True)))


def onnx_session(model: Path | bytes) -> Any:
    """Return a session of a model, on the GPU if there is one."""
    import onnxruntime  # only images of ONNX contain it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # replicas scale; several threads would compete for the cores
    options.log_severity_level = 4  # errors are raised as exceptions as well
    providers = ["CPUExecutionProvider"]
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():  # the image for GPUs
        onnxruntime.preload_dlls()
        providers.insert(0, "CUDAExecutionProvider")
    session = onnxruntime.InferenceSession(model, options, providers=providers)
    if providers[0] not in session.get_providers():
        log("warning", "ONNX Runtime cannot use a GPU here: the model runs on the CPU")
    return session


def explain_onnx(error: Exception) -> str | None:
    """Return a session's reason for rejecting its input, or None if the model itself failed."""
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, RuntimeException

    text = str(error).lower()
    own = "allocat" in text or "memory" in text or "cuda" in text
    of_sizes = isinstance(error, Fail | RuntimeException) and any(word in text for word in _SIZES)
    if own or not (of_sizes or isinstance(error, InvalidArgument)):
        return None
    return f"the model refuses the rows: {shortened(str(error).split(' : ')[-1])}"


def sizes_follow(path: Path) -> bool:
    """Return whether the sizes of outputs depend only on those of inputs (graphs.py)."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        content = memoryview(mapped)
        try:
            return sizes_follow_rows(content)
        finally:
            with suppress(BufferError):  # some views of it are not collected yet
                content.release()


def _by_rows(session: Any, given: Sequence[Spec]) -> bool:
    """Return whether inputs and outputs declare the same first dimension, of any size."""
    firsts: set[Any] = set()
    tensors = [node for node in session.get_outputs() if node.type.startswith("tensor")]
    for node in (*session.get_inputs(), *tensors):
        if not node.shape or isinstance(node.shape[0], int):
            return False
        firsts.add(node.shape[0])
    own = {node.shape[0] for node in session.get_inputs()}
    # Unnamed dimensions may be equal. Two names are two sizes, and a named one next to an unnamed one may
    # differ.
    return len(firsts) == 1 or (own == {None} and firsts == {None})


def _spec(path: Path, node: Any, *, result: bool = False) -> Spec:
    kind = node.type.removeprefix("tensor(").removesuffix(")")
    shape = tuple(size if isinstance(size, int) else None for size in node.shape)
    if node.type == _BF16:
        return Spec(node.name, np.dtype(np.float32), shape, "BF16")
    if kind in _DTYPES:
        return Spec(node.name, _DTYPES[kind], shape)
    if result:  # such as a list of dictionaries, the output of exported scikit-learn classifiers
        return Spec(node.name, np.dtype(np.float32), (None, None))
    raise LoadError(f"{path}: the input {node.name} is a {node.type}, which no request can hold")


def _bf16_runner(session: Any) -> Callable[[Tensors, tuple[str, ...]], Sequence[Any]]:
    from onnxruntime import OrtValue

    types = {node.name: node.type for node in (*session.get_inputs(), *session.get_outputs())}
    inputs = [node.name for node in session.get_inputs()]

    def given(name: str, tensor: Rows) -> Any:
        if types[name] != _BF16:
            return OrtValue.ortvalue_from_numpy(tensor)
        return OrtValue.ortvalue_from_numpy_with_onnx_type(_to_bf16(tensor), _BF16_NUMBER)

    def run(tensors: Tensors, outputs: tuple[str, ...]) -> list[Any]:
        values = {name: given(name, tensor) for name, tensor in zip(inputs, tensors, strict=True)}
        found = session.run_with_ort_values(list(outputs), values)
        return [
            _from_bf16(value) if types[name] == _BF16 else value.numpy()
            for name, value in zip(outputs, found, strict=True)
        ]

    return run


def _to_bf16(tensor: Rows) -> Rows:
    """Return floats rounded to the nearest 16-bit value, ties to even."""
    bits = np.ascontiguousarray(tensor, dtype=np.float32).view(np.uint32)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(tensor), np.uint16(0x7FC0), rounded)


def _from_bf16(value: Any) -> Rows:
    shape = value.shape()
    size = int(np.prod(shape))
    if not size:
        return np.zeros(shape, np.float32)
    content = ctypes.string_at(value.data_ptr(), size * 2)
    bits = np.frombuffer(content, np.uint16)
    return (bits.astype(np.uint32) << 16).view(np.float32).reshape(shape)
