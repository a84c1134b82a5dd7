"""Tracker of predictions: a counter per class, or a histogram of values, as in Cortex."""

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

from prometheus_client import CollectorRegistry, Counter, Histogram

from axon_runtime.answer import Response
from axon_runtime.config import Track
from axon_runtime.tracked_classes import TrackedClasses

_Count = Callable[[Any], bool]
"""Function that counts one prediction, and returns whether the prediction has the expected type."""


class Tracker:
    """Tracker of one model's responses. It never raises: the client's response takes precedence."""

    def __init__(self, track: Track, model: str, registry: CollectorRegistry) -> None:
        self._key = track.key
        classes = track.model_type == "classification"
        self._count = _classes(track, model, registry) if classes else _values(track, model, registry)
        self._untracked = Counter(
            "axon_predictions_untracked",
            "Predictions that are neither a class nor a number, as the tracker wants",
            ["model"],
            registry=registry,
        ).labels(model)

    def answered(self, answer: Any) -> None:
        """Count the result of a user's class: the value at the key, or the whole result."""
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


def _classes(track: Track, model: str, registry: CollectorRegistry) -> _Count:
    counter = Counter("axon_predictions", "Predictions", ["model", "class"], registry=registry)
    classes = TrackedClasses(model, track.max_classes)
    known: dict[str, Counter] = {}  # `labels` is slower than the count

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


def _values(track: Track, model: str, registry: CollectorRegistry) -> _Count:
    histogram = Histogram(
        "axon_prediction_value",
        "What was predicted",
        ["model"],
        buckets=track.buckets,
        registry=registry,
    ).labels(model)

    def count(prediction: Any) -> bool:
        value = _only(prediction)
        # A sum that includes one NaN stays NaN forever.
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            return False
        histogram.observe(value)
        return True

    return count


def _class(prediction: Any) -> str | None:
    """Return the name of a class; for a row of scores, the index of the maximum."""
    value = _only(prediction)
    if isinstance(value, list | tuple):
        scores = cast(list[Any], value)
        numbers = scores and all(isinstance(score, int | float) for score in scores)
        return str(max(range(len(scores)), key=scores.__getitem__)) if numbers else None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    # A label may be 2.0; 2.5 is not a label.
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    return str(value) if isinstance(value, str | int) else None


def _only(value: Any) -> Any:
    """Return the item of a row of length one: models with one output return such rows."""
    value = _plain(value)
    return cast(list[Any], value)[0] if isinstance(value, list | tuple) and len(value) == 1 else value


def _plain(value: Any) -> Any:
    """Return arrays, numpy scalars, and series as Python values."""
    return value.tolist() if hasattr(value, "tolist") else value
