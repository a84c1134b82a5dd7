"""What is counted of predictions: what a stack file may say, and what the runtime is told."""

import json
from typing import Any

import msgspec
import pytest
from axon_runtime.config import Track

from components.environment import predictor_environment
from stacks.settings import Model
from stacks.settings.errors import Problem
from tests.unit.refusals import refused

PYTHON = {"type": "python", "path": "p"}
SKLEARN = {"type": "sklearn", "path": "p"}
CLASSES = {"model_type": "classification"}


@pytest.mark.parametrize(
    ("predictor", "tracker", "path", "message"),
    [
        (PYTHON, {}, ("tracker", "model_type"), "is required"),
        (
            PYTHON,
            {"model_type": "regresion"},
            ("tracker", "model_type"),
            '"regresion" is not known (try regression)',
        ),
        (
            PYTHON,
            {**CLASSES, "label": "a"},
            ("tracker", "label"),
            "unknown key (known: buckets, key, max_classes, model_type)",
        ),
        (
            PYTHON,
            {**CLASSES, "max_classes": 0},
            ("tracker", "max_classes"),
            "0 is less than 1, the least allowed",
        ),
        (PYTHON, {**CLASSES, "buckets": [1.0]}, ("tracker", "buckets"), "is for `model_type: regression`"),
        (
            PYTHON,
            {"model_type": "regression", "max_classes": 3},
            ("tracker", "max_classes"),
            "is for `model_type: classification`",
        ),
        (
            PYTHON,
            {"model_type": "regression", "buckets": [1, 3, 2]},
            ("tracker", "buckets"),
            "2 follows 3: bounds rise",
        ),
        (
            SKLEARN,
            {**CLASSES, "key": "label"},
            ("tracker", "key"),
            "is for a predictor of type python: a saved model's answer has no other",
        ),
        (
            {"image": "registry.example/a:1"},
            CLASSES,
            ("tracker",),
            "is of axon's own runtime: an image counts itself",
        ),
    ],
    ids=str,
)
def test_a_wrong_tracker_is_one_line(
    predictor: dict[str, Any], tracker: dict[str, Any], path: tuple[str, ...], message: str
) -> None:
    found = refused(Model, {"predictor": predictor, "tracker": tracker})

    assert found == [Problem(path, message)]


def told(**settings: Any) -> dict[str, Any]:
    model = Model.model_validate({"predictor": PYTHON, **settings})
    return {str(entry.name): entry.value for entry in predictor_environment("m", model)}


def test_the_runtime_is_told_what_to_count() -> None:
    tracker = {"model_type": "regression", "key": "price", "buckets": [1, 10.5]}

    found = json.loads(told(tracker=tracker)["AXON_TRACKER"])

    assert found == tracker
    assert msgspec.convert(found, Track).buckets == (1, 10.5)


def test_who_counts_nothing_is_told_nothing() -> None:
    assert "AXON_TRACKER" not in told()
