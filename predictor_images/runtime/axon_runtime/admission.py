"""Limits of a replica: requests in flight, and their memory."""

from collections.abc import Mapping
from functools import partial

from axon_runtime.deadline import Deadlines
from axon_runtime.memory import Budget, MemoryFullError
from axon_runtime.metrics import SHARED, Metrics
from axon_runtime.places import Places


class FullError(Exception):
    """The limit of requests in flight is reached. The text is one line."""

    def __init__(self) -> None:
        super().__init__("too many requests: this replica's queue is full")


class Admission:
    """Counter and limit of requests; processes with a shared limit share `places`."""

    def __init__(
        self, most: int, metrics: Mapping[str, Metrics], budget: Budget, places: Places | None = None
    ) -> None:
        self._most, self._metrics, self._places = most, metrics, places
        self.budget, self.deadlines = budget, Deadlines()
        self._all = 0
        self._of = dict.fromkeys(metrics, 0)
        for name, one in metrics.items():
            one.in_flight.set_function(partial(self.in_flight, name))

    @property
    def full(self) -> bool:
        """True if this process would reject a further request now."""
        return self._all >= self._most

    def in_flight(self, name: str) -> int:
        """Return a model's requests in flight, queued or running, including timed-out requests that still
        run.
        """
        return self._of[name] + self._metrics[name].running.abandoned()

    def enter(self, name: str) -> bool:
        """Admit a request for a model, unless the replica is full."""
        if self.full or (self._places is not None and not self._places.take()):
            return False
        self._count(name, 1)
        return True

    def leave(self, name: str) -> None:
        """Count the end of an admitted request."""
        self._count(name, -1)
        if self._places is not None:
            self._places.give()

    def publish(self) -> None:
        """Write values that are otherwise computed on a scrape, for processes that share a metrics page."""
        for name, metrics in self._metrics.items():
            metrics.in_flight.set(self.in_flight(name))
            metrics.oldest_call.set(metrics.running.oldest())

    def oldest_call(self) -> float:
        """Return the age in seconds of the oldest running call of any model."""
        return max((metrics.running.oldest() for metrics in self._metrics.values()), default=0.0)

    def _count(self, name: str, change: int) -> None:
        self._all += change
        self._of[name] += change
        if SHARED:
            self._metrics[name].in_flight.set(self.in_flight(name))


class Share:
    """Memory and permit of one request.

    A request takes memory from its first byte on, and a permit once its body is complete: clients that send
    slowly do not block others.
    """

    __slots__ = ("_bytes", "_entered", "_name", "admission")

    def __init__(self, admission: Admission, name: str) -> None:
        self.admission, self._name = admission, name
        self._bytes, self._entered = 0, False

    def expect(self) -> None:
        """Check the limit before a body is read.

        Raises:
            FullError: when the replica is already full.
        """
        if self.admission.full:
            raise FullError

    def take(self, count: int) -> None:
        """Take the given number of bytes in addition.

        Raises:
            MemoryFullError: when the replica has no more memory for its requests now.
        """
        budget = self.admission.budget
        if not budget.take(count):
            raise MemoryFullError(ever=budget.total is None or self._bytes + count <= budget.total)
        self._bytes += count

    def enter(self) -> None:
        """Take a permit.

        Raises:
            FullError: when the replica is full.
        """
        if not self.admission.enter(self._name):
            raise FullError
        self._entered = True

    def give_back(self) -> None:
        """Release all memory and the permit."""
        self.admission.budget.give(self._bytes)
        self._bytes = 0
        if self._entered:
            self._entered = False
            self.admission.leave(self._name)
