"""TensorFlow models: a SavedModel, or a Keras archive."""

# Its images have it; the checks run without.
# pyright: reportMissingImports=false, reportMissingModuleSource=false

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from axon_runtime.saved import LoadError, Rows, SavedModel, file_in, first_of, loaded

_STARTED_WITH = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}


def load_tensorflow(place: Path) -> SavedModel:
    """Load a Keras archive, or a SavedModel's folder, of one input of rows: itself, or `model` in a folder.

    It runs on the GPU if there is one. Its first output is what it predicts.

    Raises:
        LoadError: when it is missing, damaged, or has several inputs.
    """
    # Read when TensorFlow starts: replicas scale, not the threads of one, and the log is the replica's own.
    for name, value in _STARTED_WITH.items():
        os.environ.setdefault(name, value)
    import tensorflow as tf  # only images of TensorFlow have it

    path = place if (place / "saved_model.pb").exists() else file_in(place, "model.keras", "model")
    keras = path.is_file()
    function, spec = loaded(path, _keras if keras else _saved_model)

    def predict(rows: Rows) -> Rows:
        return first_of(function(tf.constant(rows.astype(spec.dtype.as_numpy_dtype, copy=False)))).numpy()

    platform = "tensorflow_keras" if keras else "tensorflow_savedmodel"
    wrong = (tf.errors.InvalidArgumentError, ValueError, TypeError)
    return SavedModel(predict, platform, spec.shape[-1] if spec.shape.rank else None, wrong)


def _saved_model(path: Path) -> tuple[Callable[[Any], Any], Any]:
    import tensorflow as tf

    model = tf.saved_model.load(str(path))
    signature = model.signatures["serving_default"]
    ((name, spec),) = _only(path, signature.structured_input_signature[1])
    # The function holds the model, which would be collected, and its variables with it.
    return lambda rows, _model=model: signature(**{name: rows}), spec


def _keras(path: Path) -> tuple[Callable[[Any], Any], Any]:
    import tensorflow as tf

    model = tf.keras.models.load_model(path, compile=False)
    ((_, given),) = _only(path, {tensor.name: tensor for tensor in model.inputs})
    spec = tf.TensorSpec(given.shape, given.dtype)
    return tf.function(lambda rows: model(rows, training=False), input_signature=[spec]), spec


def _only(path: Path, inputs: dict[str, Any]) -> list[tuple[str, Any]]:
    if len(inputs) != 1:
        names = ", ".join(inputs)
        raise LoadError(f"{path} has several inputs ({names}): serve it with a predictor of type python")
    return list(inputs.items())
