"""What AWS has, from committed tables: regions and zones, where instance types are sold, its own policies.

`python -m stacks.settings.aws.refresh_catalogue` writes them. They are as old as their first line says: what
AWS has added since is added there by the script, or by hand.
"""

from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

from stacks.settings.errors import nearest

FOLDER = Path(__file__).parent
ZONES, OFFERS, POLICIES = (FOLDER / name for name in ("zones.csv", "offers.csv", "managed_policies.txt"))


@cache
def zones() -> dict[str, str]:
    """Return the letters of each region's zones that have EKS, in the order in which stacks take them."""
    return {region: letters for region, letters, _ in _rows(ZONES)}


@cache
def zones_without_eks() -> frozenset[str]:
    """Return the zones in which EKS makes no cluster and no nodes."""
    return frozenset(f"{region}{letter}" for region, _, letters in _rows(ZONES) for letter in letters)


def eks_zones(region: str) -> list[str]:
    """Return the names of a region's zones that have EKS, none of a region that is not in the table."""
    return [f"{region}{letter}" for letter in zones().get(region, "")]


def check_region(region: str) -> None:
    """Refuse a region that the table does not have.

    Raises:
        ValueError: with the nearest that it has.
    """
    if region not in zones():
        near = nearest(region, zones()) or "eu-west-1"
        raise ValueError(f'"{region}" is not a region of AWS with EKS (try {near})')


@cache
def offers() -> dict[str, dict[str, frozenset[str]]]:
    """Return the zones with EKS in which each instance type is sold, by region and by type.

    A region of which nothing is known is missing: nothing can be said of it.
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
    """Return the zones in which one of the types is sold at least; None where the region's are not known."""
    of_region = offers().get(region)
    if of_region is None:
        return None
    return frozenset[str]().union(*(of_region.get(name, frozenset[str]()) for name in instance_types))


@cache
def managed_policies() -> dict[str, str]:
    """Return AWS' own policies that a role can have: the path and name in the ARN, by name."""
    return {line.rsplit("/", 1)[-1]: line for line in _lines(POLICIES)}


def _rows(file: Path) -> Iterator[list[str]]:
    rows = (line.split(",") for line in _lines(file))
    next(rows)  # the columns' names
    yield from rows


def _lines(file: Path) -> Iterator[str]:
    return (line for line in file.read_text().splitlines() if not line.startswith("#"))
