"""Update of `prices.csv` from AWS' price list, which needs no login.

https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-the-aws-price-list-bulk-api.html
The EC2 file of one region has several hundred megabytes: it is read line by line.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import httpx

from axon.cost.prices import COLUMNS, FILE, Price, load_prices
from axon.errors import UserError

PRICE_LIST = "https://pricing.us-east-1.amazonaws.com"
_SOURCE = "aws"
# The service of each item, and the end of its usage type, which begins with the region.
_ITEMS = {
    "eks:cluster": ("AmazonEKS", re.compile(r"(^|-)AmazonEKS-Hours:perCluster$")),
    "vpc:nat-gateway": ("AmazonEC2", re.compile(r"(^|-)NatGateway-Hours$")),
    "vpc:public-address": ("AmazonVPC", re.compile(r"(^|-)PublicIPv4:InUseAddress$")),
    "vpc:interface-endpoint": ("AmazonVPC", re.compile(r"(^|-)VpcEndpoint-Hours$")),
    "elb:network": ("AWSELB", re.compile(r"(^|-)LoadBalancerUsage$")),
    "ebs:gp3-gib": ("AmazonEC2", re.compile(r"(^|-)EBS:VolumeUsage\.gp3$")),
    "kms:key": ("awskms", re.compile(r"-KMS-Keys$")),
}
_OF_AN_INSTANCE = {
    "Tenancy": "Shared",
    "Operating System": "Linux",
    "Pre Installed S/W": "NA",
    "CapacityStatus": "Used",
}
_UNITS = {
    "hrs": "hour",
    "hours": "hour",
    "hour": "hour",
    "gb-mo": "month",
    "keys": "month",
    "months": "month",
}


class RefreshError(UserError):
    """The price list cannot be read. The text is one line."""


def refresh(url: str, regions: Sequence[str] | None = None, file: Path = FILE) -> list[str]:
    """Update the table and return the differences, a line per price.

    A price that is not in the list keeps its row and its date. New instance types are added by hand with any
    price, which the next refresh corrects.

    Raises:
        RefreshError: when the list cannot be read; the table is then unchanged.
    """
    table = load_prices(file)
    today = datetime.now(UTC).date().isoformat()
    changes: list[str] = []
    fresh = dict(table)
    for region in regions or sorted({region for region, _ in table}):
        items = {item for of_region, item in table if of_region == region}
        for item, (usd, unit) in _read_region(url, region, items).items():
            old = table[region, item]
            fresh[region, item] = Price(usd, unit, _SOURCE, today)
            if old.usd != usd:
                changes.append(f"{region} {item}: {old.usd} → {usd}")
    _write(file, fresh)
    return changes or ["no price has changed"]


def _read_region(url: str, region: str, items: set[str]) -> dict[str, tuple[Decimal, str]]:
    prices: dict[str, tuple[Decimal, str]] = {}
    for service in sorted({service for service, _ in _ITEMS.values()}):
        for row in _rows(f"{url}/offers/v1.0/aws/{service}/current/{region}/index.csv"):
            item = _item(row, service)
            if item in items and (price := _price(row)):
                prices[item] = price
    return prices


def _rows(url: str) -> Iterator[Mapping[str, str]]:
    try:
        with httpx.stream("GET", url, timeout=60, follow_redirects=True) as answer:
            answer.raise_for_status()
            lines = _after_preamble(answer.iter_lines())
            yield from csv.DictReader(lines)
    except httpx.HTTPError as error:
        raise RefreshError(f"{url}: {error}") from None


def _after_preamble(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines from the column names on, without the preamble: format, disclaimer, date, version."""
    started = False
    for line in lines:
        started = started or line.startswith('"SKU"')
        if started:
            yield line


def _item(row: Mapping[str, str], service: str) -> str | None:
    if row.get("TermType") != "OnDemand":
        return None
    kind = row.get("Instance Type")
    if service == "AmazonEC2" and kind:
        plain = all(row.get(key) == value for key, value in _OF_AN_INSTANCE.items())
        return f"ec2:{kind}" if plain else None
    if service == "AWSELB" and row.get("Product Family") != "Load Balancer-Network":
        return None
    usage = row.get("usageType", "")
    return next((item for item, (of, end) in _ITEMS.items() if of == service and end.search(usage)), None)


def _price(row: Mapping[str, str]) -> tuple[Decimal, str] | None:
    unit = _UNITS.get(row.get("Unit", "").lower())
    try:
        usd = Decimal(row.get("PricePerUnit", "")).normalize()
    except InvalidOperation:
        return None
    # Skip the free tier: its price is 0.
    return (usd, unit) if unit and usd > 0 else None


def _write(file: Path, table: Mapping[tuple[str, str], Price]) -> None:
    notes = [line for line in file.read_text().splitlines(keepends=True) if line.startswith("#")]
    with file.open("w", newline="") as out:
        out.writelines(notes)
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for (region, item), price in table.items():
            writer.writerow([region, item, price.unit, f"{price.usd:f}", price.source, price.date])
