"""Fit a classifier on scikit-learn's own iris flowers and save it as `model.joblib`."""

from pathlib import Path

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent


def train() -> None:
    """Write the fitted pipeline: four measures in centimetres in, a species (0, 1, 2) out."""
    measures, species = load_iris(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    joblib.dump(model.fit(measures, species), HERE / "model.joblib")


if __name__ == "__main__":
    train()
