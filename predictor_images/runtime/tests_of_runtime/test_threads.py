"""Settings that libraries keep for each thread hold in all threads that run a model."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests_of_runtime.servers import replica

# The pipeline's second step needs the data frame that its first makes, once `transform_output` says so.
STEPS = """\
import sklearn
from sklearn.base import BaseEstimator

sklearn.set_config(transform_output="pandas")

class Named(BaseEstimator):
    def fit(self, rows, labels=None):
        self.fitted_ = True
        return self

    def predict(self, rows):
        return ["+".join(rows.columns)] * len(rows)
"""
SAVES = """\
import joblib, pandas
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from steps import Named

rows = pandas.DataFrame({"height": [1.0, 2.0], "weight": [3.0, 4.0]})
joblib.dump(make_pipeline(StandardScaler(), Named()).fit(rows), "model.joblib")
"""
SETS = """\
import decimal
import numpy, sklearn

decimal.setcontext(decimal.Context(prec=3))
numpy.seterr(divide="raise")
sklearn.set_config(transform_output="pandas")

class Predictor:
    PREDICT(self, payload):
        try:
            numpy.ones(1) / numpy.zeros(1)
            divided = "with a warning"
        except FloatingPointError:
            divided = "an error"
        return [str(decimal.Decimal(1) / 3), divided, sklearn.get_config()["transform_output"]]
"""


def test_a_saved_model_keeps_what_its_module_configures(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text(STEPS)
    subprocess.run([sys.executable, "-c", SAVES], cwd=tmp_path, check=True)

    with replica("sklearn", tmp_path) as made:
        for _ in range(20):  # in the event loop and in threads
            assert made.post({"instances": [[1.5, 3.5]]}) == {"predictions": ["height+weight"]}


@pytest.mark.parametrize("predict", ["def predict", "async def predict"])
def test_a_class_keeps_what_it_configures_when_it_is_imported(tmp_path: Path, predict: str) -> None:
    (tmp_path / "predictor.py").write_text(SETS.replace("PREDICT", predict))

    with replica("python", tmp_path, limits={"threads_per_process": 2}) as made:
        assert made.post(0) == ["0.333", "an error", "pandas"]
