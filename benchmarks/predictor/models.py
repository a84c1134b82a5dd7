"""Models of the benchmark: fast ones, where the server takes most of the time, and a slow one."""

import json
from pathlib import Path

import joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROW = [5.1, 3.5, 1.4, 0.2]
MODELS = {
    "iris": LogisticRegression(max_iter=1000),
    "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
    "forest": RandomForestClassifier(200, random_state=0),
}
BATCHED = frozenset({"forest"})
"""Models that peers batch if they can; batching fast models makes peers slower."""


def save(folder: Path) -> None:
    """Fit each model and save it in a folder of its own, like a predictor."""
    rows, species = load_iris(return_X_y=True)
    for name, model in MODELS.items():
        (folder / name).mkdir()
        joblib.dump(model.fit(rows, species), folder / name / "model.joblib")
        (folder / name / "sample.json").write_text(json.dumps({"instances": rows[::10].tolist()}))
