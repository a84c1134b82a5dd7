"""Classes that were written for Cortex: they serve as they are, or one line says what to change."""
# ruff: noqa: E501 (a message is one line here too)

from pathlib import Path

import pytest

from tests_of_runtime.servers import replica, start

PYTHON_PREDICTOR = """
from pathlib import Path

from labels import suffix

names = Path("labels.txt").read_text().split()


class Predictor:
    def __init__(self, config):
        with open("labels.txt") as file:
            self.count = len(file.read().split())

    def predict(self, payload, query_params, headers):
        return names[payload % self.count]

    def post_predict(self, response, payload, query_params, headers):
        return {"label": response + suffix, "of": payload}
"""
HANDLER = """
class Predictor:
    def __init__(self, config):
        pass

    def handle_post(self, payload, query_params):
        return [payload, query_params.get("a")]
"""
KEYWORDS = """
class Predictor:
    def predict(self, **given):
        return sorted(given)

    def post_predict(self, response, **given):
        return [response, sorted(given)]
"""


def folder_of(tmp_path: Path, text: str) -> Path:
    (tmp_path / "predictor.py").write_text(text)
    (tmp_path / "labels.txt").write_text("setosa virginica")
    (tmp_path / "labels.py").write_text('suffix = "!"')
    return tmp_path


@pytest.mark.parametrize("processes", [1, 2])
def test_a_class_opens_files_beside_it_and_is_given_its_response(tmp_path: Path, processes: int) -> None:
    limits = {"processes_per_replica": processes}
    with replica("python", folder_of(tmp_path, PYTHON_PREDICTOR), limits=limits) as made:
        assert made.post(1) == {"label": "virginica!", "of": 1}


def test_a_handler_answers_by_its_handle_post(tmp_path: Path) -> None:
    with replica("python", folder_of(tmp_path, HANDLER)) as made:
        assert made.post("x", "/?a=b") == ["x", "b"]


def test_a_method_that_takes_keywords_is_given_no_name_twice(tmp_path: Path) -> None:
    with replica("python", folder_of(tmp_path, KEYWORDS)) as made:
        given = ["headers", "payload", "query_params"]
        assert made.post("x") == [given, sorted([*given, "result"])]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class PythonPredictor:\n    def predict(self, payload): ...", "has no class Predictor (rename PythonPredictor)"),
        ("class Handler:\n    def handle_post(self, payload): ...", "has no class Predictor (rename Handler)"),
        (
            "class Predictor:\n    def handle_get(self, query_params): ...",
            "Predictor has no method predict (handle_get has no match: requests are POST, and wait for their answers)",
        ),
        ("class Predictor:\n    def load(self): ...", "Predictor has no method predict"),
        (
            "class Predictor:\n    def __init__(self, onnx_client, config): ...\n    def predict(self, payload): ...",
            "Predictor.__init__ asks for onnx_client; there is config (a model that is fetched comes by load(model_path))",
        ),
        (
            "class Predictor:\n    def predict(self, payload, batch_id): ...",
            "Predictor.predict asks for batch_id; there are payload, query_params, headers",
        ),
        (
            "class Predictor:\n    def predict(self, payload): ...\n    def post_predict(self, answer): ...",
            "Predictor.post_predict asks for answer; there are result, payload, query_params, headers",
        ),
    ],
)  # fmt: skip
def test_what_does_not_start_says_what_to_change(tmp_path: Path, text: str, message: str) -> None:
    process, _ = start("python", folder_of(tmp_path, text))

    output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert message in output
