"""PyTorch models: programs of torch.export, or TorchScript."""

# Only images of PyTorch contain it; type checks run without.
# pyright: reportMissingImports=false, reportMissingModuleSource=false

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from axon_runtime.blame import shortened
from axon_runtime.cells import Rows
from axon_runtime.errors import LoadError
from axon_runtime.saved import Described, SavedModel, Tensors, file_in, loaded
from axon_runtime.specs import Spec, SpecReader, datatype, takes_missing

# TorchScript operators whose sizes, or whose execution, may depend on values.
_BY_VALUE = ("aten::nonzero", "aten::masked_select", "aten::index", "aten::unique", "prim::If", "prim::Loop")
_BY_VALUE += ("aten::item", "aten::Int", "aten::Bool", "torchvision::nms", "aten::rand", "aten::bernoulli")
# Parts of messages of errors that wrong sizes or indices of a client cause.
_SIZES = ("shape", "size", "dimension", "out of range", "index", "guard", "expected input")
_NAMES = ("bfloat16", "float16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool")


class _Loaded(NamedTuple):
    module: Any
    call: Callable[[list[Any]], Any]
    """Function that calls the module with tensors in the order of its inputs."""

    specs: list[Spec]
    types: list[Any]
    """PyTorch type of each input."""

    outputs: int
    by_rows: bool
    likely: tuple[int | None, ...] = ()
    """A possible shape of the input."""


def load_pytorch(place: Path) -> SavedModel:
    """Load a program of torch.export (in a folder `model.pt2`) or TorchScript (`model.pt`).

    The model runs on the GPU if there is one.

    Raises:
        LoadError: when the file is missing or damaged.
    """
    import torch  # only images of PyTorch contain it

    torch.set_num_threads(1)  # replicas scale; several threads would compete for the cores
    path = file_in(place, "model.pt2", "model.pt")
    made: _Loaded = loaded(path, _exported if path.suffix == ".pt2" else _scripted)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    made.module.to(device)

    def outputs_of(tensors: Tensors) -> dict[str, Any]:
        given = [
            torch.as_tensor(_writable(tensor)).to(device=device, dtype=kind)
            for tensor, kind in zip(tensors, made.types, strict=True)
        ]
        with torch.inference_mode():
            return {name: _array(value) for name, value in _named(made.call(given)).items()}

    def run(tensors: Tensors, outputs: tuple[str, ...]) -> list[Any]:
        found = outputs_of(tensors)
        return [found[name] for name in outputs]

    reader = SpecReader(made.specs, likely=made.likely)
    reader.missing = takes_missing(reader, lambda tensors: list(outputs_of(tensors).values()))
    described = _described(reader, outputs_of, made.outputs)
    model = SavedModel(
        run,
        reader,
        f"pytorch_{path.suffix[1:]}",
        described,
        by_rows=made.by_rows,
        explain=_explain,
        trusted=True,
        aliases={"predictions": described[0][0]},
    )
    model.try_out()
    return model


def _exported(path: Path) -> _Loaded:
    import torch
    from torch.utils._pytree import tree_unflatten

    program = torch.export.load(path)
    signature = program.graph_signature
    values: dict[str, Any] = {node.name: node.meta.get("val") for node in program.graph.nodes}
    names = [str(name) for name in signature.user_inputs]
    inputs = [values[name] for name in names]
    if not inputs or not all(isinstance(value, torch.Tensor) for value in inputs):
        raise LoadError(f"{path} takes what is no tensor: serve it with a predictor of type python")
    results = [values.get(str(name)) for name in signature.user_outputs]
    every: list[Any] = [*inputs, *results]
    firsts = [value.shape[0] if getattr(value, "ndim", 0) else 0 for value in every]
    by_rows = not any(isinstance(size, int) for size in firsts) and len(set(map(str, firsts))) == 1
    specs = [_spec(name, value.dtype, value.shape) for name, value in zip(names, inputs, strict=True)]
    module, spec = program.module(), cast(Any, program.call_spec.in_spec)

    def call(given: list[Any]) -> Any:
        # In the exported form: positional, by keyword, or in a dictionary.
        args, keywords = tree_unflatten(given, spec)
        return module(*args, **keywords)

    return _Loaded(module, call, specs, [value.dtype for value in inputs], len(results), by_rows)


def _scripted(path: Path) -> _Loaded:
    import torch

    module = torch.jit.load(path, map_location="cpu").eval()
    taken = [given for given in module.forward.schema.arguments[1:] if not given.has_default_value()]
    if not taken or not all(str(given.type) == "Tensor" for given in taken):
        raise LoadError(f"{path} takes what is no tensor: serve it with a predictor of type python")
    # TorchScript does not declare its inputs: the parameters' type, in rows of the first layer's width.
    floating = next((p.dtype for p in module.parameters() if p.dtype.is_floating_point), torch.float32)
    kinds = {node.kind() for node in _nodes(module)}
    by_rows = not any(kind.startswith(_BY_VALUE) for kind in kinds)
    kind = torch.int64 if len(taken) == 1 and "aten::embedding" in kinds else floating
    specs = [_spec(given.name, kind, None) for given in taken]
    first = next((p for p in module.parameters()), None)
    likely = (None, int(first.shape[1])) if first is not None and first.ndim == 2 else ()
    return _Loaded(module, lambda given: module(*given), specs, [kind] * len(taken), 0, by_rows, likely)


def _nodes(module: Any) -> list[Any]:
    import torch

    try:
        graph = torch.jit.freeze(module).graph
    except Exception:
        graph = module.inlined_graph
    return list(graph.nodes())


def _spec(name: str, kind: Any, shape: Any) -> Spec:
    text = str(kind).removeprefix("torch.")
    if text not in _NAMES:
        raise LoadError(f"the input {name} is of {text}, which no request can hold")
    sizes = None if shape is None else tuple(size if isinstance(size, int) else None for size in shape)
    dtype = np.dtype(np.float32 if text == "bfloat16" else text)
    return Spec(name, dtype, sizes, "BF16" if text == "bfloat16" else None)


def _writable(tensor: Rows) -> Rows:
    made = np.ascontiguousarray(tensor)
    return made if made.flags.writeable else made.copy()


def _named(result: Any) -> dict[str, Any]:
    if isinstance(result, Mapping):
        return {str(name): value for name, value in result.items()}
    if isinstance(result, Sequence) and not hasattr(result, "shape"):
        names = getattr(result, "_fields", None) or [f"output_{i}" for i in range(len(result))]
        return dict(zip(names, result, strict=True))
    return {"output_0": result}


def _array(value: Any) -> Any:
    if not hasattr(value, "cpu"):
        return value
    import torch

    value = value.detach().cpu()
    if value.is_sparse:
        value = value.to_dense()
    return (value.float() if value.dtype == torch.bfloat16 else value).numpy()


def _described(reader: SpecReader, run: Any, count: int) -> Described:
    """Return the outputs as computed for a row, or numbered if no row can be generated."""
    made = reader.made_up(2)
    try:
        found = run(made) if made is not None else {}
        return [
            (name, datatype(value.dtype), [-1 if value.ndim and len(value) == 2 else 0, *value.shape[1:]])
            for name, value in found.items()
        ] or [("output_0", "FP32", [-1])]
    except Exception:
        return [(f"output_{index}", "FP32", [-1]) for index in range(max(count, 1))]


def _explain(error: Exception) -> str | None:
    """Return a model's reason for rejecting its input: PyTorch raises a RuntimeError for mismatched sizes."""
    import torch

    if isinstance(error, torch.OutOfMemoryError):
        return None
    text = str(error)
    own = "CUDA" in text or "memory" in text
    refusal = isinstance(error, RuntimeError | IndexError | AssertionError | ValueError)
    if refusal and not own and any(word in text.lower() for word in _SIZES):
        lines = [line for line in text.splitlines() if line.strip() and "raceback" not in line]
        return f"the model refuses the rows: {shortened(lines[-1] if lines else '')}"
    return None
