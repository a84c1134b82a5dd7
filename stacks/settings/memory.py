"""Whether what a replica is asked to hold fits into its memory."""

from collections.abc import Iterator
from typing import Protocol

from stacks.settings.compute import Compute
from stacks.settings.units import quantity_value

# A body is there as it came, decoded, and as the model's input, beside the model itself.
_BODIES = 4
# Of a size that nobody chose, there is room for several.
_DEFAULT_BODIES = 8
# Python, the server and numpy before any model (the least that `mem` may be).
_PROCESS = 20 * 2**20


class Server(Protocol):
    """What a replica is asked to hold."""

    @property
    def max_body_size(self) -> str:
        """The largest body, as a quantity."""
        ...

    @property
    def processes_per_replica(self) -> int:
        """Processes that each load the model."""
        ...

    @property
    def model_fields_set(self) -> set[str]:
        """What the stack file states."""
        ...


def largest_body(server: Server, compute: Compute) -> int:
    """Return the bytes of the largest body that is taken."""
    stated = int(quantity_value(server.max_body_size))
    if "max_body_size" in server.model_fields_set:
        return stated
    return min(stated, int(quantity_value(compute.mem)) // _DEFAULT_BODIES)


def memory_problems(server: Server, compute: Compute) -> Iterator[tuple[str, str]]:
    """Yield the keys of a model that its memory does not hold, and what is wrong with each."""
    mem = quantity_value(compute.mem)
    body = quantity_value(server.max_body_size)
    if "max_body_size" in server.model_fields_set and body * _BODIES > mem:
        needed, most = _mebibytes(body * _BODIES), int(mem / _BODIES / 2**20)
        yield (
            "server.max_body_size",
            f"{server.max_body_size} does not fit into `compute.mem`, {compute.mem}: a request takes "
            f"{_BODIES} times its body (set {most}Mi, or mem: {needed}Mi)",
        )
    if server.processes_per_replica * _PROCESS > mem:
        yield (
            "server.processes_per_replica",
            f"{server.processes_per_replica} processes do not fit into `compute.mem`, {compute.mem}: each "
            f"takes 20Mi and the model (set mem: {_mebibytes(server.processes_per_replica * _PROCESS)}Mi)",
        )


def _mebibytes(amount: object) -> int:
    return -(-int(amount) // 2**20)  # type: ignore[call-overload]
