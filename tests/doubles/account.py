"""The fake account: what exists, what was done, and what shall fail. One folder, shared by processes."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.doubles.wire import Properties


class RefusedError(Exception):
    """AWS says no."""


class UnfinishedError(Exception):
    """AWS has made a resource, which then failed: it exists, and does not work."""

    def __init__(self, id_: str, made: Properties, inputs: Properties, message: str) -> None:
        super().__init__(message)
        self.id, self.made, self.inputs = id_, made, inputs


@dataclass
class Resource:
    """A resource of the account: the inputs that made it, and what AWS says of it."""

    token: str
    id: str
    name: str
    inputs: Properties
    outputs: Properties
    minted: list[str] = field(default_factory=list)  # ids and ARNs that came with it
    issue: str = ""  # why AWS could not finish it

    @property
    def key(self) -> str:
        return f"{self.token}|{self.id}"

    @property
    def kind(self) -> str:
        return self.token.split(":")[2]


@dataclass(frozen=True)
class Operation:
    """A call that reached the account. Seconds are those of the clock."""

    op: str
    type: str
    name: str
    id: str
    start: float
    end: float
    error: str | None = None

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass
class Fault:
    """What shall go wrong or be slow; type and name may be patterns."""

    type: str
    name: str
    op: str
    message: str | None = None
    seconds: float = 0
    times: int | None = None  # none: always

    def meets(self, op: str, token: str, name: str) -> bool:
        return self.op in (op, "*") and fnmatchcase(token, self.type) and fnmatchcase(name, self.name)


class World:
    """The resources of the account, as read and written under its lock."""

    def __init__(self, stored: dict[str, Any]) -> None:
        self.serial: int = stored.get("serial", 0)
        rows = [Resource(**row) for row in stored.get("resources", [])]
        self.resources = {row.key: row for row in rows}

    def stored(self) -> dict[str, Any]:
        return {"serial": self.serial, "resources": [vars(row) for row in self.resources.values()]}

    def of(self, token: str) -> list[Resource]:
        return [row for row in self.resources.values() if row.token == token]

    def find(self, token: str, id_: Any) -> Resource | None:
        return self.resources.get(f"{token}|{id_}")

    def owner(self, minted: Any) -> Resource | None:
        """Return the resource that an id or an ARN belongs to."""
        return next((row for row in self.resources.values() if minted in row.minted), None)


class Store:
    """The account's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._world, self._faults = folder / "account.json", folder / "faults.json"
        self._record = folder / "record.jsonl"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # freed on close
            yield

    @contextmanager
    def reading(self) -> Iterator[World]:
        with self._locked():
            yield World(_read(self._world, {}))

    @contextmanager
    def writing(self) -> Iterator[World]:
        with self.reading() as world:
            yield world
            _write(self._world, world.stored())

    def add_fault(self, fault: Fault) -> None:
        with self._locked():
            _write(self._faults, [*_read(self._faults, []), asdict(fault)])

    def take_faults(self, op: str, token: str, name: str) -> list[Fault]:
        """Return the faults of a call, and count down those that were meant for some calls only."""
        if not self._faults.exists():
            return []
        with self._locked():
            faults = [Fault(**row) for row in _read(self._faults, [])]
            met = [fault for fault in faults if fault.meets(op, token, name)]
            for fault in met:
                if fault.times is not None:
                    fault.times -= 1
            _write(self._faults, [asdict(fault) for fault in faults if fault.times != 0])
        return met

    def add(self, operation: Operation) -> None:
        with self._locked(), self._record.open("a") as record:
            record.write(json.dumps(asdict(operation)) + "\n")

    def record(self) -> list[Operation]:
        lines = self._record.read_text().splitlines() if self._record.exists() else []
        return [Operation(**json.loads(line)) for line in lines]

    def clear_record(self) -> None:
        self._record.unlink(missing_ok=True)

    @contextmanager
    def recorded(self, op: str, token: str, name: str, id_: str = "") -> Iterator[dict[str, str]]:
        """Run a call as AWS would: it takes its time, may fail, and is in the record. Yields its id."""
        start, error, call = time.time(), None, {"id": id_}
        try:
            faults = self.take_faults(op, token, name)
            for fault in faults:
                time.sleep(fault.seconds)
                if fault.message is not None:
                    raise RefusedError(fault.message)
            yield call
        except RefusedError as refused:
            error = str(refused)
            raise
        finally:
            self.add(Operation(op, token, name, call["id"], start, time.time(), error))


def pause() -> None:
    """Take the time that a call takes."""
    time.sleep(float(os.environ.get("AXON_DOUBLE_SECONDS", "0.02")))


def _read(file: Path, nothing: Any) -> Any:
    return json.loads(file.read_text()) if file.exists() else nothing


def _write(file: Path, content: Any) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(content))
    fresh.replace(file)
