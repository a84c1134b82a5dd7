"""Findings: what a report states about each model and each part of the cluster, and its risk."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Risk(IntEnum):
    """The harm that a change can do, in rising order."""

    NONE = 0
    """Nothing stops and nothing is lost."""

    ROLLING = 1
    """Replicas or nodes are replaced in turn; requests are still served."""

    DISRUPTIVE = 2
    """Something stops responding, or moves, for a while."""

    DESTRUCTIVE = 3
    """Something is deleted that the stack file can create again, empty."""

    IRREVERSIBLE = 4
    """Something is lost that cannot be created again, or the change cannot be rolled back."""

    @property
    def word(self) -> str:
        """The risk as a report writes it."""
        return self.name.lower()


@dataclass(frozen=True)
class Statement:
    """One sentence of a finding, and the risk of what it states."""

    text: str
    risk: Risk = Risk.NONE


@dataclass(frozen=True)
class Finding:
    """The change of one model or one part of the cluster, in plain words."""

    kind: str
    """`model`, `splitter`, `node group`, or empty for other parts."""

    name: str
    text: str
    risk: Risk

    @property
    def subject(self) -> str:
        """The name in the report's first column."""
        return self.name if self.kind in ("model", "") else f"{self.kind} {self.name}"


def finding_of(kind: str, name: str, statements: Iterable[Statement]) -> Finding | None:
    """Return the finding that these statements make, at their highest risk; None if there are none."""
    found = list(statements)
    if not found:
        return None
    text = "; ".join(dict.fromkeys(statement.text for statement in found))
    return Finding(kind, name, text, max(statement.risk for statement in found))


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: `1 replica`, `2 replicas`, `2 repositories`."""
    return f"{count} {noun if count == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """Return the plural of a noun."""
    if noun.endswith("y") and noun[-2:] not in ("ay", "ey"):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"


def listed(values: object) -> str:
    """Return a list, or a single value, separated by commas."""
    items = values if isinstance(values, list) else [values]
    return ", ".join(str(item) for item in items) or "none"
