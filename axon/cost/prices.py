"""AWS' list prices, from a committed table.

`prices.csv` has the source and the date of each price. `axon refresh-prices` updates it from AWS'
price list.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

FILE = Path(__file__).with_name("prices.csv")
COLUMNS = ["region", "item", "unit", "usd", "source", "date"]

# Spot has no list price: it changes hourly. This share of the on-demand price is typical of the table's
# families: 0.38 to 0.48 in eu-west-1 and us-east-1, by the samples in SkyPilot's catalog.
SPOT_SHARE = Decimal("0.45")
HOURS = Decimal(730)  # in a month, as AWS bills


@dataclass(frozen=True)
class Price:
    """One row of the table."""

    usd: Decimal
    unit: str
    source: str
    date: str


class Prices:
    """The prices of one region, and the items that were requested but have none."""

    def __init__(self, region: str, table: Mapping[tuple[str, str], Price]) -> None:
        self.region, self._table = region, table
        self.missing: list[str] = []

    def a_month(self, item: str) -> Decimal | None:
        """Return the monthly price of one item; None, and noted in `missing`, if the table has none."""
        price = self._table.get((self.region, item))
        if price is None:
            if item not in self.missing:
                self.missing.append(item)
            return None
        return price.usd * (HOURS if price.unit == "hour" else 1)

    @property
    def dates(self) -> str:
        """The range of dates of the region's prices."""
        dates = sorted({price.date for (region, _), price in self._table.items() if region == self.region})
        return " to ".join(dict.fromkeys((dates[0], dates[-1]))) if dates else "no date"


def load_prices(file: Path = FILE) -> dict[tuple[str, str], Price]:
    """Return the table, by region and item."""
    with file.open() as lines:
        rows = csv.DictReader(line for line in lines if not line.startswith("#"))
        return {
            (row["region"], row["item"]): Price(Decimal(row["usd"]), row["unit"], row["source"], row["date"])
            for row in rows
        }
