"""Each format that a framework saves in is loaded, and gives the model's own numbers, by name and by row."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

# pyright: reportMissingImports=false, reportMissingModuleSource=false
import pytest
from axon_runtime.errors import BadInputError, LoadError
from axon_runtime.pytorch import load_pytorch
from axon_runtime.saved import SavedModel
from axon_runtime.tensorflow import load_tensorflow
from tests_of_runtime.asking import inferred, predicted, tensor
from tests_of_runtime.test_joint import together

ROWS = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
A, B = tensor("a", "FP64", [5, 5], [1, 2]), tensor("b", "FP32", [1, 2], [1, 2])


def exported(folder: Path, module: Any, given: dict[str, Any]) -> SavedModel:
    """Return a module as a program of torch.export, of any number of rows."""
    import torch

    rows = torch.export.Dim("rows")
    shapes = {name: {0: rows} for name in given}
    program = torch.export.export(module, (), given, dynamic_shapes=shapes)
    torch.export.save(program, folder / "model.pt2")
    return load_pytorch(folder)


def test_torchscript(tmp_path: Path) -> None:
    import torch

    module = torch.nn.Linear(3, 2)
    torch.jit.script(module).save(tmp_path / "model.pt")
    model = load_pytorch(tmp_path)

    expected = module(torch.tensor(ROWS, dtype=torch.float32)).detach().numpy()
    np.testing.assert_allclose(predicted(model, ROWS.tolist()), expected, rtol=1e-5)
    for wrong in ([[1, 2]], [["1", 2, 3]], [[True, 2, 3]], [[None, 2, 3]]):
        with pytest.raises(BadInputError):
            predicted(model, wrong)


def test_a_program_of_several_inputs_and_outputs_by_name(tmp_path: Path) -> None:
    import torch

    class Two(torch.nn.Module):
        def forward(self, a: torch.Tensor, b: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"sum": a + b, "less": a - b}

    model = exported(tmp_path, Two(), {"a": torch.ones(3, 2), "b": torch.ones(3, 2)})

    assert [name for name, _, _ in model.reader.inputs] == ["a", "b"]
    assert by_name(model, "sum", "less") == {"sum": [6, 7], "less": [4, 3]}


def by_name(model: SavedModel, *outputs: str) -> dict[str, Any]:
    """Return the outputs for A and B, the same in either order and by either protocol."""
    found = {name: output["data"] for name, output in inferred(model, A, B).items()}
    again = {name: output["data"] for name, output in inferred(model, B, A).items()}
    posted = predicted(model, [{"b": [1, 2], "a": [5, 5]}], outputs=list(outputs))
    assert found == again == {name: values[0] for name, values in posted.items()}
    for wrong in ([A], [A, {**B, "name": "c"}]):
        with pytest.raises(BadInputError, match="inputs: the model takes"):
            inferred(model, *wrong)
    return found


def test_integers_and_indices_of_a_program(tmp_path: Path) -> None:
    import torch

    module = torch.nn.Embedding(4, 2)
    model = exported(tmp_path, module, {"input": torch.zeros(3, 2, dtype=torch.int64)})

    assert predicted(model, [[0, 3]]) == module(torch.tensor([[0, 3]])).tolist()
    for wrong in ([[0, 1.5]], [[0, 99]], [[0, "1"]], [[0, None]]):
        with pytest.raises(BadInputError):
            predicted(model, wrong)


def keeping() -> Any:
    import torch

    class Keep(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[x.max(1).values > 20]

    return torch.jit.script(Keep())


def normalizing() -> Any:
    import torch

    class Normalize(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x - x.mean(0)

    return torch.jit.script(Normalize())


@pytest.mark.parametrize("make", [keeping, normalizing])
def test_a_module_whose_results_are_not_by_row_is_run_alone(tmp_path: Path, make: Callable[[], Any]) -> None:
    make().save(tmp_path / "model.pt")
    check_alone(load_pytorch(tmp_path))


def check_alone(model: SavedModel) -> None:
    chance = np.random.default_rng(0)
    for _ in range(10):
        batch = [chance.uniform(0, 40, (int(n), 2)).tolist() for n in chance.integers(1, 4, 5)]
        assert together(model, batch) == [predicted(model, instances) for instances in batch]
    assert not model.by_rows


def test_a_savedmodel_and_an_archive(tmp_path: Path) -> None:
    import tensorflow as tf

    made = tf.keras.Sequential([tf.keras.layers.Input((3,)), tf.keras.layers.Dense(2)])
    made.export(tmp_path / "folder" / "model")
    (tmp_path / "archive").mkdir()
    made.save(tmp_path / "archive" / "model.keras")

    for place in ("folder", "archive"):
        model = load_tensorflow(tmp_path / place)
        np.testing.assert_allclose(predicted(model, ROWS.tolist()), made(ROWS).numpy(), rtol=1e-5)
        assert model.by_rows
        for wrong in ([[1, 2]], [["1", 2, 3]], [[None, 2, 3]]):
            with pytest.raises(BadInputError):
                predicted(model, wrong)


@pytest.mark.parametrize("named", [True, False])
def test_a_keras_model_of_several_inputs_and_outputs_by_name(tmp_path: Path, named: bool) -> None:
    import tensorflow as tf

    a, b = tf.keras.Input((2,), name="a"), tf.keras.Input((2,), name="b")
    outputs = [tf.keras.layers.Add(name="sum")([a, b]), tf.keras.layers.Subtract(name="less")([a, b])]
    if named:
        made = tf.keras.Model({"a": a, "b": b}, dict(zip(("sum", "less"), outputs, strict=True)))
        made.export(tmp_path / "folder" / "model")
        assert by_name(load_tensorflow(tmp_path / "folder"), "sum", "less") == {"sum": [6, 7], "less": [4, 3]}
    else:
        made = tf.keras.Model([a, b], outputs)
    made.save(tmp_path / "model.keras")

    assert by_name(load_tensorflow(tmp_path), "sum", "less") == {"sum": [6, 7], "less": [4, 3]}


def test_texts_and_integers_of_a_signature(tmp_path: Path) -> None:
    import tensorflow as tf

    specs = [tf.TensorSpec([None], tf.string, "text"), tf.TensorSpec([None], tf.int64, "n")]

    class Joined(tf.Module):
        @tf.function(input_signature=specs)
        def __call__(self, text: Any, n: Any) -> Any:
            return {"joined": tf.strings.join([text, tf.strings.as_string(n)]), "n": n}

    made = Joined()
    tf.saved_model.save(made, str(tmp_path / "model"), signatures=made.__call__)
    model = load_tensorflow(tmp_path)

    found = predicted(model, [{"text": "ß", "n": 2**53 + 1}], outputs=["joined", "n"])
    assert found == {"joined": [f"ß{2**53 + 1}"], "n": [2**53 + 1]}
    by_v2 = inferred(model, tensor("n", "INT64", [3]), tensor("text", "BYTES", ["x"]))
    assert by_v2["joined"]["data"] == ["x3"]
    for wrong in ({"text": "a", "n": 1.5}, {"text": 1, "n": 1}, {"text": "a", "n": 2**63}):
        with pytest.raises(BadInputError):
            predicted(model, [wrong])


def test_a_signature_whose_results_are_not_by_row_is_run_alone(tmp_path: Path) -> None:
    import tensorflow as tf

    class Keep(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
        def __call__(self, x: Any) -> Any:
            return tf.boolean_mask(x, tf.reduce_max(x, 1) > 20)

    tf.saved_model.save(Keep(), str(tmp_path / "model"))
    check_alone(load_tensorflow(tmp_path))


@pytest.mark.parametrize(("load", "name"), [(load_pytorch, "model.pt"), (load_tensorflow, "model.keras")])
def test_a_damaged_file_is_one_line(tmp_path: Path, load: object, name: str) -> None:
    (tmp_path / name).write_bytes(b"no model")

    assert callable(load)
    with pytest.raises(LoadError) as refused:
        load(tmp_path)

    assert str(refused.value).startswith(str(tmp_path / name))
    assert "\n" not in str(refused.value)
