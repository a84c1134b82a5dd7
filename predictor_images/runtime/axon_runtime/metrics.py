"""Metrics of a replica, in Prometheus' names and units.

A single process counts in its memory. Several processes count in files that the page sums
(prometheus_client's multiprocess mode): values that a single process computes on a scrape are then written
when they change.
"""

import os
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from axon_runtime.config import Track
from axon_runtime.running import Running
from axon_runtime.tracker import Tracker

SHARED = "PROMETHEUS_MULTIPROC_DIR" in os.environ
"""True if several processes share a metrics page (workers.py)."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_STATUSES = (200, 400, 408, 413, 499, 500, 503, 504)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """Metrics of one model. Autoscaling reads `axon_in_flight_requests`."""

    def __init__(self, model: str) -> None:
        self.registry = CollectorRegistry()
        label = ["model"]
        self.requests = Counter(
            "axon_requests", "Requests answered", ["model", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "axon_request_duration_seconds",
            "From the head of a request to its whole answer",
            label,
            buckets=_SECONDS,
            registry=self.registry,
        ).labels(model)
        self.in_flight = self._sum("axon_in_flight_requests", "Requests executing and waiting").labels(model)
        self.queue = self._sum("axon_queue_length", "Requests waiting").labels(model)
        self.batches = Histogram(
            "axon_batch_size",
            "Requests that were run together",
            label,
            buckets=_SIZES,
            registry=self.registry,
        ).labels(model)
        self.predict_seconds = Histogram(
            "axon_predict_duration_seconds",
            "One run of the model",
            label,
            buckets=_SECONDS,
            registry=self.registry,
        ).labels(model)
        self.load_seconds = Gauge(
            "axon_model_load_seconds",
            "How long loading took",
            label,
            registry=self.registry,
            multiprocess_mode="mostrecent",
        ).labels(model)
        self.running = Running()
        self.oldest_call = Gauge(
            "axon_oldest_call_seconds",
            "How long the oldest running call of the model has run",
            label,
            registry=self.registry,
            multiprocess_mode="livemax",
        ).labels(model)
        self.oldest_call.set_function(self.running.oldest)
        self.batched = Gauge(
            "axon_batched",
            "Whether requests of the model are run together: 1, or 0",
            label,
            registry=self.registry,
            multiprocess_mode="livemin",
        ).labels(model)
        self._model = model
        self._tracker: Tracker | None = None
        # The series exist from the start, so that the first error counts in a rate.
        self._by_status = {status: self.requests.labels(model, str(status)) for status in _STATUSES}

    def _sum(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, ["model"], registry=self.registry, multiprocess_mode="livesum")

    @property
    def on_queue(self) -> Callable[[int], None] | None:
        """Return the callback for the queue's length, unless the length is read on a scrape."""
        return self.queue.set if SHARED else None

    def answered(self, status: int, seconds: float) -> None:
        """Count one request."""
        counter = self._by_status.get(status)
        if counter is None:  # `labels` is slower than the count
            counter = self._by_status[status] = self.requests.labels(self._model, str(status))
        counter.inc()
        self.seconds.observe(seconds)

    def ran(self, size: int, seconds: float) -> None:
        """Count one run of the model."""
        self.batches.observe(size)
        self.predict_seconds.observe(seconds)

    def tracker(self, track: Track | None) -> Tracker | None:
        """Return the tracker of predictions, if it is configured; the same one each time the model is
        loaded.
        """
        if track and self._tracker is None:
            self._tracker = Tracker(track, self._model, self.registry)
        return self._tracker

    def text(self) -> bytes:
        """Return the metrics page for Prometheus."""
        return page(self.registry)


def page(own: Collector) -> bytes:
    """Return the metrics page: of this process, or the sum of all processes if there are several."""
    return generate_latest(MultiProcessCollector(None) if SHARED else own)
