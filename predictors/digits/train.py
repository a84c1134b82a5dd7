"""Fit a classifier on scikit-learn's own images of digits and export it as `model.onnx`."""

from pathlib import Path
from typing import cast

import numpy as np
from onnx import ModelProto
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent


def train() -> None:
    """Write the model: 64 grey values (8 rows of 8, 0 to 16) in, a digit and its probabilities out."""
    images, digits = load_digits(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(images, digits)
    # Arrays, not a dictionary a row.
    exported = cast(ModelProto, to_onnx(model, images[:1].astype(np.float32), options={"zipmap": False}))
    (HERE / "model.onnx").write_bytes(exported.SerializeToString())


if __name__ == "__main__":
    train()
