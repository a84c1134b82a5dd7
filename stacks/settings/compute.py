"""`compute` of a model: resources of one replica."""

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from stacks.settings.base import Settings
from stacks.settings.units import Cpu, Memory, Size, quantity_value


class Compute(Settings):
    """Resources of one replica.

    All of them are requests. Memory is also the limit; CPU has no limit, since a replica may use idle cores,
    and a limit would throttle it in the middle of a request.
    """

    cpu: Cpu = "200m"
    """CPU request in cores, at least 20m; `200m` is a fifth of a core."""

    mem: Memory = "512Mi"
    """Memory request and limit, at least 20Mi; a replica that exceeds it is killed. The default has room for
    scikit-learn, NumPy and a small model.
    """

    gpu: int = Field(default=0, ge=0, le=16)
    """Number of NVIDIA GPUs. Replicas with GPUs run on nodes with GPUs, and no other replicas do."""

    neuron: int = Field(default=0, ge=0, le=16)
    """Number of AWS Neuron devices (Inferentia 2 or Trainium)."""

    shm: Size | None = None
    """Shared memory (`/dev/shm`) for processes that exchange data. Its contents count toward `mem`. Unset:
    the container runtime's default.
    """

    ephemeral_storage: Size | None = None
    """Disk request and limit for `/tmp`, logs and fetched models. Unset: no limit but the node's disk."""

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
    """Resources of a sidecar. Its memory is also its limit."""

    cpu: Cpu = "50m"
    """CPU request in cores, at least 20m."""

    mem: Memory = "128Mi"
    """Memory request and limit, at least 20Mi."""
