"""What is served: quick models, of which the server is most, and a slow one, of which it is little."""

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
"""Models that peers run together for what waits, where they can: of quick ones that makes them slower."""


def save(folder: Path) -> None:
    """Fit each model and save it in a folder of its own, as a predictor's."""
    rows, species = load_iris(return_X_y=True)
    for name, model in MODELS.items():
        (folder / name).mkdir()
        joblib.dump(model.fit(rows, species), folder / name / "model.joblib")
        (folder / name / "sample.json").write_text(json.dumps({"instances": rows[::10].tolist()}))
