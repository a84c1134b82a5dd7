"""`compute`: the resources of a replica."""

from typing import Any

from migrations.from_cortex.report import Fields, given
from migrations.from_cortex.values import mebibytes, quantity

_DEFAULT_MIB = 512


def compute(fields: Fields, shm: Any = None) -> dict[str, Any]:
    """Return a model's `compute`. Cortex set no memory limit; here the request is the limit."""
    cpu, gpu, mem = fields.take("cpu"), fields.take("gpu"), quantity(fields.take("mem"))
    shared = quantity(fields.take("shm") or shm)
    neuron = fields.take("inf")
    if neuron:
        fields.note("inf", "is `neuron`, Inferentia 2: compile the model anew for it")
    if mem is None:
        mem = _memory_with(shared) if shared else None
        fields.note(
            "mem", f"was not set, and is a limit here: {mem or f'{_DEFAULT_MIB}Mi'}; set what it needs"
        )
    fields.rest()
    found = given(mem=mem, gpu=gpu or None, neuron=neuron or None, shm=shared)
    return {**({"cpu": str(cpu)} if cpu is not None else {}), **found}


def _memory_with(shared: str) -> str:
    return f"{mebibytes(shared) + _DEFAULT_MIB}Mi"
