"""Memory checks: requests, bodies and processes against a replica's memory."""

from collections.abc import Iterator
from typing import Protocol

from stacks.settings.compute import Compute
from stacks.settings.units import quantity_value

# A body is in memory as received, decoded, and as the model's input, in addition to the model itself.
_BODIES = 4
# With a default size there is room for several bodies.
_DEFAULT_BODIES = 8
# Python, the server and numpy without a model (the minimum of `mem`).
_PROCESS = 20 * 2**20


class Server(Protocol):
    """Settings of a replica that need memory."""

    @property
    def max_body_size(self) -> str:
        """Largest body, as a quantity."""
        ...

    @property
    def processes_per_replica(self) -> int:
        """Number of processes that each load the model."""
        ...

    @property
    def model_fields_set(self) -> set[str]:
        """Names of the keys that the stack file sets."""
        ...


def largest_body(server: Server, compute: Compute) -> int:
    """Return the bytes of the largest body that is accepted."""
    stated = int(quantity_value(server.max_body_size))
    if "max_body_size" in server.model_fields_set:
        return stated
    return min(stated, int(quantity_value(compute.mem)) // _DEFAULT_BODIES)


def memory_problems(server: Server, compute: Compute) -> Iterator[tuple[str, str]]:
    """Yield the keys of a model that exceed its memory, with the reason."""
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
