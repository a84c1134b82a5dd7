"""Committed tables of AWS: regions and zones, zones in which instance types are sold, AWS managed policies.

`python -m stacks.settings.aws.refresh_catalogue` writes them. The first line of each table states its date;
entries that AWS added since then are added by the script, or by hand.
"""

from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

from stacks.settings.errors import nearest

FOLDER = Path(__file__).parent
ZONES, OFFERS, POLICIES = (FOLDER / name for name in ("zones.csv", "offers.csv", "managed_policies.txt"))


@cache
def zones() -> dict[str, str]:
    """Return the letters of each region's zones with EKS, in the order in which stacks use the zones."""
    return {region: letters for region, letters, _ in _rows(ZONES)}


@cache
def zones_without_eks() -> frozenset[str]:
    """Return the zones in which EKS creates neither clusters nor nodes."""
    return frozenset(f"{region}{letter}" for region, _, letters in _rows(ZONES) for letter in letters)


def eks_zones(region: str) -> list[str]:
    """Return the names of a region's zones with EKS; an empty list if the table lacks the region."""
    return [f"{region}{letter}" for letter in zones().get(region, "")]


def check_region(region: str) -> None:
    """Reject a region that the table lacks.

    Raises:
        ValueError: with the nearest region in the table.
    """
    if region not in zones():
        near = nearest(region, zones()) or "eu-west-1"
        raise ValueError(f'"{region}" is not a region of AWS with EKS (try {near})')


@cache
def offers() -> dict[str, dict[str, frozenset[str]]]:
    """Return the zones with EKS in which each instance type is sold, by region and by type.

    A region without data is missing, since nothing is known about it.
    """
    found: dict[str, dict[str, frozenset[str]]] = {}
    for family, sizes, places in _rows(OFFERS):
        for place in places.split():
            region, _, letters = place.partition(":")
            where = frozenset(f"{region}{letter}" for letter in letters or zones()[region])
            for size in sizes.split():
                found.setdefault(region, {})[f"{family}.{size}"] = where
    return found


def offering_zones(region: str, instance_types: Collection[str]) -> frozenset[str] | None:
    """Return the zones in which at least one of the types is sold; None if the region has no data."""
    of_region = offers().get(region)
    if of_region is None:
        return None
    return frozenset[str]().union(*(of_region.get(name, frozenset[str]()) for name in instance_types))


@cache
def managed_policies() -> dict[str, str]:
    """Return the AWS managed policies that a role can have: the path and name in the ARN, by name."""
    return {line.rsplit("/", 1)[-1]: line for line in _lines(POLICIES)}


def _rows(file: Path) -> Iterator[list[str]]:
    rows = (line.split(",") for line in _lines(file))
    next(rows)  # the columns' names
    yield from rows


def _lines(file: Path) -> Iterator[str]:
    return (line for line in file.read_text().splitlines() if not line.startswith("#"))
