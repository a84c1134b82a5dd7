"""Fit a classifier on scikit-learn's own images of digits and save it as `model.joblib`."""

from pathlib import Path

import joblib
from sklearn.datasets import load_digits
from sklearn.svm import SVC

HERE = Path(__file__).parent


def train() -> None:
    """Write the fitted model: 64 grey values (8 rows of 8, 0 to 16) in, a digit out."""
    images, digits = load_digits(return_X_y=True)
    joblib.dump(SVC(kernel="rbf").fit(images, digits), HERE / "model.joblib")


if __name__ == "__main__":
    train()
