"""TensorFlow models: a SavedModel, or a Keras archive."""

# Only images of TensorFlow contain it; type checks run without.
# pyright: reportMissingImports=false, reportMissingModuleSource=false

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from axon_runtime.blame import shortened
from axon_runtime.errors import LoadError
from axon_runtime.saved import SavedModel, Tensors, file_in, loaded
from axon_runtime.specs import TEXT, Spec, SpecReader, takes_missing

_STARTED_WITH = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
# Operations whose sizes, or whose execution, may depend on values, and random operations.
_BY_VALUE = ("Where", "Unique", "NonMaxSuppression", "If", "While", "Case", "Stateless", "DynamicPartition")
_BY_VALUE += ("Random", "Multinomial", "CombinedNonMaxSuppression", "PyFunc", "EagerPyFunc")


class _Loaded(NamedTuple):
    function: Callable[..., Mapping[str, Any]]
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    graph: Any


def load_tensorflow(place: Path) -> SavedModel:
    """Load a Keras archive, or a SavedModel's folder: itself, or `model` in a folder.

    The model runs on the GPU if there is one.

    Raises:
        LoadError: when it is missing, damaged, or has an input that is not a tensor.
    """
    # TensorFlow reads these at its import: replicas scale, not threads, and the runtime writes the log.
    for name, value in _STARTED_WITH.items():
        os.environ.setdefault(name, value)
    import tensorflow as tf  # only images of TensorFlow contain it

    path = place if (place / "saved_model.pb").exists() else file_in(place, "model.keras", "model")
    keras = path.is_file()
    made: _Loaded = loaded(path, _keras if keras else _saved_model)
    specs = [_spec(name, given) for name, given in made.inputs.items()]
    types = [given.dtype for given in made.inputs.values()]

    def run(tensors: Tensors, outputs: tuple[str, ...]) -> list[Any]:
        given = [tf.constant(tensor, dtype=kind) for tensor, kind in zip(tensors, types, strict=True)]
        found = made.function(*given)
        return [_array(found[name]) for name in outputs]

    results = [_spec(name, given) for name, given in made.outputs.items()]
    names = tuple(result.name for result in results)
    reader = SpecReader(specs)
    reader.missing = takes_missing(reader, lambda tensors: run(tensors, names))
    model = SavedModel(
        run,
        reader,
        "tensorflow_keras" if keras else "tensorflow_savedmodel",
        [result.described for result in results],
        by_rows=_by_rows(specs + results) and not _goes_by_values(made.graph),
        explain=_explain,
        trusted=True,
        aliases={"predictions": names[0]},
    )
    model.try_out()
    return model


def _saved_model(path: Path) -> _Loaded:
    import tensorflow as tf

    model = tf.saved_model.load(str(path))
    if "serving_default" not in model.signatures:
        raise LoadError(f"{path} has no signature serving_default")
    signature = model.signatures["serving_default"]
    inputs = dict(signature.structured_input_signature[1])
    names = list(inputs)

    # The function references the model, which would otherwise be collected together with its variables.
    def call(*given: Any, _model: Any = model) -> Mapping[str, Any]:
        return signature(**dict(zip(names, given, strict=True)))

    return _Loaded(call, inputs, dict(signature.structured_outputs), signature.graph)


def _keras(path: Path) -> _Loaded:
    import tensorflow as tf

    model = tf.keras.models.load_model(path, compile=False)
    try:
        nested = model.input
    except AttributeError:  # a loaded sequential model
        nested = model.inputs
    own = (
        dict(nested) if isinstance(nested, Mapping) else {node.name: node for node in tf.nest.flatten(nested)}
    )
    specs = {name: tf.TensorSpec(node.shape, node.dtype, name) for name, node in own.items()}
    outputs = list(getattr(model, "output_names", ()))

    def call(*given: Any) -> dict[str, Any]:
        taken: Any = dict(zip(specs, given, strict=True)) if isinstance(nested, Mapping) else list(given)
        result = model(taken[0] if isinstance(taken, list) and len(taken) == 1 else taken, training=False)
        if isinstance(result, Mapping):
            return {str(name): value for name, value in result.items()}
        flat = list(result) if isinstance(result, list | tuple) else [result]
        named = outputs if len(outputs) == len(flat) else [f"output_{i}" for i in range(len(flat))]
        return dict(zip(named, flat, strict=True))

    function = tf.function(call, input_signature=list(specs.values()))
    concrete = function.get_concrete_function()
    found = {
        name: tf.TensorSpec(value.shape, value.dtype) for name, value in concrete.structured_outputs.items()
    }
    return _Loaded(function, specs, found, concrete.graph)


def _spec(name: str, given: Any) -> Spec:
    if not hasattr(given, "shape") or not hasattr(given, "dtype"):
        raise LoadError(f"the input {name} is no tensor: serve it with a predictor of type python")
    shape = None if given.shape.rank is None else tuple(given.shape)
    if given.dtype.name == "bfloat16":
        return Spec(name, np.dtype(np.float32), shape, "BF16")
    dtype = TEXT if given.dtype.name == "string" else np.dtype(given.dtype.as_numpy_dtype)
    return Spec(name, dtype, shape)


def _by_rows(specs: list[Spec]) -> bool:
    return all(spec.shape is not None and len(spec.shape) > 0 and spec.shape[0] is None for spec in specs)


def _goes_by_values(graph: Any) -> bool:
    """Return whether a graph, or a function that it calls, has an operation whose sizes depend on values."""
    definition = graph.as_graph_def()
    nodes = [*definition.node, *(node for part in definition.library.function for node in part.node_def)]
    return any(node.op.startswith(_BY_VALUE) and node.op != "StatelessPartitionedCall" for node in nodes)


def _array(value: Any) -> Any:
    import tensorflow as tf

    if isinstance(value, tf.SparseTensor):
        value = tf.sparse.to_dense(value)
    elif isinstance(value, tf.RaggedTensor):
        return value.to_list()
    return (tf.cast(value, tf.float32) if value.dtype.name == "bfloat16" else value).numpy()


def _explain(error: Exception) -> str | None:
    """Return a model's reason for rejecting its input, or None if the model itself failed."""
    import tensorflow as tf

    if isinstance(error, tf.errors.InvalidArgumentError | tf.errors.OutOfRangeError):
        return f"the model refuses the rows: {shortened(str(error))}"
    return None
