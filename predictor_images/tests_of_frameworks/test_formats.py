"""Each format that a framework saves in is loaded, and gives the model's own numbers."""

from pathlib import Path

import numpy as np

# pyright: reportMissingImports=false, reportMissingModuleSource=false
import pytest
from axon_runtime.pytorch import load_pytorch
from axon_runtime.saved import LoadError
from axon_runtime.tensorflow import load_tensorflow

ROWS = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def test_torchscript(tmp_path: Path) -> None:
    import torch

    module = torch.nn.Linear(3, 2)
    torch.jit.script(module).save(tmp_path / "model.pt")

    (found,) = load_pytorch(tmp_path).predict([ROWS])

    expected = module(torch.tensor(ROWS, dtype=torch.float32)).detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_program_of_two_inputs_is_refused(tmp_path: Path) -> None:
    import torch

    class Two(torch.nn.Module):
        def forward(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
            return left + right

    program = torch.export.export(Two(), (torch.ones(2), torch.ones(2)))
    torch.export.save(program, tmp_path / "model.pt2")

    with pytest.raises(LoadError, match="has 2 inputs: serve it with a predictor of type python"):
        load_pytorch(tmp_path)


def test_a_savedmodel(tmp_path: Path) -> None:
    import tensorflow as tf

    model = tf.keras.Sequential([tf.keras.layers.Input((3,)), tf.keras.layers.Dense(2)])
    model.export(tmp_path / "model")

    (found,) = load_tensorflow(tmp_path).predict([ROWS])

    np.testing.assert_allclose(found, model(ROWS).numpy(), rtol=1e-5)


@pytest.mark.parametrize(("load", "name"), [(load_pytorch, "model.pt"), (load_tensorflow, "model.keras")])
def test_a_damaged_file_is_one_line(tmp_path: Path, load: object, name: str) -> None:
    (tmp_path / name).write_bytes(b"no model")

    assert callable(load)
    with pytest.raises(LoadError) as refused:
        load(tmp_path)

    assert str(refused.value).startswith(str(tmp_path / name))
    assert "\n" not in str(refused.value)
