"""ONNX models of a few nodes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
from axon_runtime.onnx_models import load_onnx
from axon_runtime.saved import SavedModel
from onnx import TensorProto, helper, numpy_helper

Value = tuple[str, str, list[Any]]
"""Name, element type and shape."""


def node(operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> Any:
    return helper.make_node(operator, list(inputs), list(outputs), **attributes)


def saved(
    folder: Path, nodes: list[Any], inputs: list[Value], outputs: list[Value], **constants: Any
) -> Path:
    """Write a model as `model.onnx` in a folder."""

    def infos(values: list[Value]) -> list[Any]:
        return [
            helper.make_tensor_value_info(name, getattr(TensorProto, kind), shape)
            for name, kind, shape in values
        ]

    initializers = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "g", infos(inputs), infos(outputs), initializer=initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, folder / "model.onnx")
    return folder


def model_of(folder: Path, *parts: Any, **constants: Any) -> SavedModel:
    return load_onnx(saved(folder, *parts, **constants))


def identity(folder: Path, kind: str, shape: Sequence[Any] = (None, 2)) -> SavedModel:
    return model_of(
        folder, [node("Identity", ["x"], ["y"])], [("x", kind, list(shape))], [("y", kind, list(shape))]
    )
