"""A scikit-learn estimator as a predictor."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
from runtime.app import Predict


def load_estimator(path: Path) -> Predict:
    """Load a fitted estimator that joblib saved.

    Raises:
        OSError, ValueError, AttributeError: when the file is missing, damaged, or not an estimator.
    """
    estimator = joblib.load(path)
    if not hasattr(estimator, "predict"):
        raise AttributeError(f"{path} holds a {type(estimator).__name__}, which has no predict()")

    def predict(instances: Any) -> Any:
        return estimator.predict(np.asarray(instances)).tolist()

    return predict
