"""Doubles of the AWS and EKS providers for the real engine, and the account that they work on.

    with Account(tmp_path / "account") as account:
        account.fail("aws:eks/nodeGroup:NodeGroup", "cpu", "create", "NodeCreationFailure")
        subprocess.run(["pulumi", "up"], env=account.environment(os.environ))
        assert [call.error for call in account.record() if call.error] == ["NodeCreationFailure"]

They refuse what AWS' service models and moto refuse (tests/aws_models), and what the tables in this package
say besides. That they accept something says nothing about permissions, quotas, prices or times.
"""

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.aws_models.server import serving
from tests.doubles.account import Fault, Operation, Resource, Store

__all__ = ["Account", "Operation", "Overlap"]

_BIN = Path(__file__).parent / "bin"


@dataclass(frozen=True)
class Overlap:
    """How long operations took one by one, and for how long any of them ran."""

    total: float
    wall: float

    @property
    def at_once(self) -> float:
        """How many ran at a time, on average."""
        return self.total / self.wall if self.wall else 0.0


class Account:
    """A fake AWS account in a folder, as a test sees it: open, resources can be made in it."""

    def __init__(self, folder: Path, number: str = "111122223333", seconds: float = 0.02) -> None:
        self.folder, self.number, self.seconds = folder, number, seconds
        self._store, self._open = Store(folder), ExitStack()
        self.endpoint: str | None = None

    def __enter__(self) -> Self:
        self.endpoint = self._open.enter_context(serving(self.number))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def environment(self, base: Mapping[str, str], kubeconfig: Path | None = None) -> dict[str, str]:
        """Return an environment in which the engine finds the doubles and this account.

        The cluster's kubeconfig, if there is one, is what the EKS double gives to the program.
        """
        made = {
            "PATH": f"{_BIN}:{base['PATH']}",
            "AXON_DOUBLE_FOLDER": str(self.folder.resolve()),
            "AXON_DOUBLE_ACCOUNT": self.number,
            "AXON_DOUBLE_MOTO": self.endpoint or "",
            "AXON_DOUBLE_SECONDS": str(self.seconds),
            "AXON_DOUBLE_PYTHON": sys.executable,
            "AXON_DOUBLE_KUBECONFIG": str(kubeconfig or ""),
        }
        return {**base, **made}

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return the inputs of what exists, by `type|id`."""
        with self._store.reading() as world:
            return {key: row.inputs for key, row in world.resources.items()}

    def of(self, kind: str) -> list[Resource]:
        """Return the resources of a type, which may be its last word only: `NodeGroup`."""
        with self._store.reading() as world:
            return [row for row in world.resources.values() if kind in (row.token, row.kind)]

    def record(self) -> list[Operation]:
        """Return the calls so far, in the order in which they ended."""
        return self._store.record()

    def clear_record(self) -> None:
        self._store.clear_record()

    def fail(self, type: str, name: str, op: str, message: str, times: int = 1) -> None:
        """Let the next calls fail. Type and name may be patterns, the op `*`."""
        self._store.add_fault(Fault(type, name, op, message=message, times=times))

    def fail_after_creation(self, type: str, name: str, message: str) -> None:
        """Let the next creation leave a resource behind that AWS then says has failed (CREATE_FAILED)."""
        self._store.add_fault(Fault(type, name, "created", message=message, times=1))

    def slow(self, type: str, name: str, op: str, seconds: float) -> None:
        """Let all such calls take longer."""
        self._store.add_fault(Fault(type, name, op, seconds=seconds))

    def put(self, type: str, id: str, **properties: Any) -> None:
        """Let a resource exist that no program made, such as a network of somebody else's."""
        outputs = {**properties, "id": id}
        minted = [id, *(value for key, value in properties.items() if key == "arn")]
        made = Resource(type, id, "", properties, outputs, minted)
        with self._store.writing() as world:
            world.resources[made.key] = made

    def drift(self, type: str, name: str, **properties: Any) -> None:
        """Change a resource behind the engine's back. Properties are AWS' (camelCase)."""
        with self._store.writing() as world:
            for row in _called(list(world.resources.values()), type, name):
                row.inputs.update(properties)
                row.outputs.update(properties)

    def lose(self, type: str, name: str) -> None:
        """Delete a resource behind the engine's back."""
        from tests.doubles.cloud import Cloud  # half a second, which few tests need

        with self._store.writing() as world:
            for row in _called(list(world.resources.values()), type, name):
                Cloud(self.endpoint, row.outputs["region"]).delete(row)
                del world.resources[row.key]

    def overlap(self, *ops: str) -> Overlap:
        """Measure how the recorded operations overlap: of all kinds, or of these."""
        calls = [call for call in self.record() if not ops or call.op in ops]
        if not calls:
            return Overlap(0.0, 0.0)
        wall, until = 0.0, 0.0
        for call in sorted(calls, key=lambda call: call.start):
            wall += max(0.0, call.end - max(call.start, until))
            until = max(until, call.end)
        return Overlap(sum(call.seconds for call in calls), wall)


def _called(rows: list[Resource], type: str, name: str) -> list[Resource]:
    """Return the resources that a program calls so: there must be some."""
    found = [row for row in rows if type in (row.token, row.kind) and row.name == name]
    assert found, f"the account has no {type} called {name}"
    return found
