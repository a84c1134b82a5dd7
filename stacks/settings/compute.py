"""`compute` of a model: what one replica may use."""

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.base import Settings
from stacks.settings.units import Cpu, Memory, Size, quantity_value


class Compute(Settings):
    """What one replica may use.

    Both are requests; memory is the limit as well, cpu has no limit: a replica may use idle cores, and
    a limit would throttle it in the middle of a request.
    """

    cpu: Cpu = "200m"
    """Cores (default: Cortex's)."""

    mem: Memory = "512Mi"
    """Memory; a replica that exceeds it is killed. Room for scikit-learn, numpy and a small model."""

    gpu: int = Field(default=0, ge=0, le=16)
    """NVIDIA GPUs. A replica that asks for one runs on a node that has it, and no other replica does."""

    neuron: int = Field(default=0, ge=0, le=16)
    """AWS Neuron devices: Inferentia 2 or Trainium (Cortex's `inf`)."""

    shm: Size | None = None
    """Shared memory, `/dev/shm`, for processes that hand each other data. What is in it counts in `mem`."""

    ephemeral_storage: Size | None = None
    """Disk that a replica asks for and may fill: `/tmp`, logs, fetched models. Unset: what the node has."""

    @model_validator(mode="after")
    def _one_accelerator(self) -> "Compute":
        if self.gpu and self.neuron:
            raise PydanticCustomError("accelerators", "no instance has both GPUs and Neuron devices")
        return self

    @model_validator(mode="after")
    def _shm_in_memory(self) -> "Compute":
        if self.shm and quantity_value(self.shm) >= quantity_value(self.mem):
            raise PydanticCustomError(
                "order",
                "{shm} counts in `mem`, {mem}, and leaves nothing of it",
                {"shm": self.shm, "mem": self.mem, "at": "shm"},
            )
        return self


class SidecarCompute(Settings):
    """What a container beside the predictor may use: its memory is its limit as well."""

    cpu: Cpu = "50m"
    """Cores."""

    mem: Memory = "128Mi"
    """Memory."""
