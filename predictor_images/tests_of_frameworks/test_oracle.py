"""A replica under 40 clients answers each what PyTorch, TensorFlow or CatBoost, called directly, answers."""

# pyright: reportMissingImports=false, reportMissingModuleSource=false

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from tests_of_runtime.servers import replica
from tests_of_runtime.test_oracle import CLIENTS, answers


def of_pytorch(folder: Path) -> Callable[[Any], Any]:
    import torch

    module = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)).eval()
    rows = torch.export.Dim("rows")
    program = torch.export.export(module, (torch.ones(2, 3),), dynamic_shapes=({0: rows},))
    torch.export.save(program, folder / "model.pt2")
    return lambda instances: module(torch.tensor(instances, dtype=torch.float32)).detach().numpy()


def of_torchscript(folder: Path) -> Callable[[Any], Any]:
    import torch

    class Keep(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[x.max(1).values > 20]

    torch.jit.script(Keep()).save(folder / "model.pt")
    return lambda instances: Keep()(torch.tensor(instances, dtype=torch.float32)).numpy()


def of_tensorflow(folder: Path) -> Callable[[Any], Any]:
    import tensorflow as tf

    made = tf.keras.Sequential([tf.keras.layers.Input((3,)), tf.keras.layers.Dense(8, "relu")])
    made.add(tf.keras.layers.Dense(2))
    made.save(folder / "model.keras")
    return lambda instances: made(tf.constant(instances, tf.float32)).numpy()


def of_catboost(folder: Path) -> Callable[[Any], Any]:
    from catboost import CatBoostRegressor

    rows = np.random.default_rng(1).uniform(-40, 40, (200, 3))
    made = CatBoostRegressor(iterations=9, allow_writing_files=False, verbose=False).fit(rows, rows[:, 0])
    joblib.dump(made, folder / "model.joblib")
    return lambda instances: np.asarray(made.predict(np.array(instances)))


@pytest.mark.parametrize(
    ("kind", "save"),
    [
        ("pytorch", of_pytorch),
        ("pytorch", of_torchscript),
        ("sklearn", of_catboost),
        ("tensorflow", of_tensorflow),
    ],
)
def test_a_replica_answers_what_the_framework_does(
    tmp_path: Path, kind: str, save: Callable[[Path], Callable[[Any], Any]]
) -> None:
    here = save(tmp_path)
    chance = np.random.default_rng(0)

    with replica(kind, tmp_path) as made:
        for _ in range(5):
            asked = [chance.uniform(-40, 40, (int(n), 3)).tolist() for n in chance.integers(1, 4, CLIENTS)]
            for instances, found in zip(asked, asyncio.run(answers(made.url, asked)), strict=True):
                expected = here(instances)
                # Products of matrices round the last bits otherwise for another number of rows.
                largest = np.abs(expected).max(initial=1e-30)
                shaped = np.reshape(found, expected.shape)
                np.testing.assert_allclose(shaped, expected, rtol=0, atol=1e-6 * largest)
