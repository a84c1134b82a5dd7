"""Predictions counted by class, or their values as a histogram, as Cortex's tracker did."""

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

from prometheus_client import CollectorRegistry, Counter, Histogram

from axon_runtime.answer import Response
from axon_runtime.config import Track
from axon_runtime.tracked_classes import TrackedClasses

_Count = Callable[[Any], bool]
"""Counts one prediction, and says whether it is what it takes."""


class Tracker:
    """What is counted of one model's answers. It raises nothing: an answer is the client's first."""

    def __init__(self, told: Track, model: str, registry: CollectorRegistry) -> None:
        self._key = told.key
        classes = told.model_type == "classification"
        self._count = _classes(told, model, registry) if classes else _values(told, model, registry)
        self._untracked = Counter(
            "axon_predictions_untracked",
            "Predictions that are neither a class nor a number, as the tracker wants",
            ["model"],
            registry=registry,
        ).labels(model)

    def answered(self, answer: Any) -> None:
        """Count what a class of the user's returned: what stands at the key, or all of it."""
        if isinstance(answer, Response):
            if answer.status_code >= 400:
                return
            answer = answer.content
        if self._key is not None:
            answer = cast(Any, answer).get(self._key) if isinstance(answer, Mapping) else None
        self.predicted(answer)

    def predicted(self, predictions: Any) -> None:
        """Count a prediction, or each of several."""
        plain = _plain(predictions)
        for one in plain if isinstance(plain, list | tuple) else [plain]:
            if not self._count(one):
                self._untracked.inc()


def _classes(told: Track, model: str, registry: CollectorRegistry) -> _Count:
    counter = Counter("axon_predictions", "Predictions", ["model", "class"], registry=registry)
    classes = TrackedClasses(model, told.max_classes)
    known: dict[str, Counter] = {}  # `labels` costs more than the count

    def count(prediction: Any) -> bool:
        name = _class(prediction)
        if name is None:
            return False
        label = classes.label(name)
        if label not in known:
            known[label] = counter.labels(model, label)
        known[label].inc()
        return True

    return count


def _values(told: Track, model: str, registry: CollectorRegistry) -> _Count:
    histogram = Histogram(
        "axon_prediction_value",
        "What was predicted",
        ["model"],
        buckets=told.buckets,
        registry=registry,
    ).labels(model)

    def count(prediction: Any) -> bool:
        value = _only(prediction)
        # A sum with one NaN in it is NaN for good.
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            return False
        histogram.observe(value)
        return True

    return count


def _class(prediction: Any) -> str | None:
    """Return the name of a class: of a row of scores, the number of the greatest."""
    value = _only(prediction)
    if isinstance(value, list | tuple):
        scores = cast(list[Any], value)
        numbers = scores and all(isinstance(score, int | float) for score in scores)
        return str(max(range(len(scores)), key=scores.__getitem__)) if numbers else None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    # A label may be 2.0, and 2.5 is none.
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    return str(value) if isinstance(value, str | int) else None


def _only(value: Any) -> Any:
    """Return a row's one item: models of one output answer rows of one."""
    value = _plain(value)
    return cast(list[Any], value)[0] if isinstance(value, list | tuple) and len(value) == 1 else value


def _plain(value: Any) -> Any:
    """Return arrays, their scalars, and series as Python's own."""
    return value.tolist() if hasattr(value, "tolist") else value
