"""What a reader is told: one finding a model, one a part of the cluster."""

from dataclasses import dataclass
from enum import IntEnum


class Risk(IntEnum):
    """How much a change can hurt, in rising order."""

    NONE = 0
    """Nothing stops, nothing is lost."""

    ROLLING = 1
    """Replicas or nodes are replaced one after the other; requests go on."""

    DISRUPTIVE = 2
    """Something stops answering, or moves, for a while."""

    DESTRUCTIVE = 3
    """Something is gone afterwards that the stack file can make again, empty."""

    IRREVERSIBLE = 4
    """What is lost cannot be made again, or there is no way back."""

    @property
    def word(self) -> str:
        """How a report says it."""
        return self.name.lower()


@dataclass(frozen=True)
class Finding:
    """What would happen to one model or one part of the cluster, in plain words."""

    kind: str
    """`model`, `splitter`, `node group`, or nothing for other parts."""

    name: str
    text: str
    risk: Risk

    @property
    def subject(self) -> str:
        """How the report names it."""
        return self.name if self.kind in ("model", "") else f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Said:
    """A part of a finding's text, and the risk that it carries."""

    text: str
    risk: Risk = Risk.NONE


def counted(count: int, noun: str) -> str:
    """Write `1 replica`, `2 replicas`, `2 repositories`."""
    if count == 1:
        return f"1 {noun}"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:] not in ("ay", "ey") else f"{noun}s"
    return f"{count} {plural}"


def listed(values: object) -> str:
    """Write a list, or one value, as a sentence does."""
    items = values if isinstance(values, list) else [values]
    return ", ".join(str(item) for item in items) or "none"
