"""Rewrite the tables of `catalogue.py`: `python -m stacks.settings.aws.refresh_catalogue`.

The sources are moto's copies of EC2's DescribeAvailabilityZones and DescribeInstanceTypeOfferings and of
IAM's ListPolicies, and botocore's list of the regions with EKS: a newer moto is a newer table.
"""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any

from stacks.settings.aws import catalogue
from stacks.settings.aws.instances import instance_types

# https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html (subnet requirements for clusters)
_IDS_WITHOUT_EKS = {"use1-az3", "usw1-az2", "cac1-az3"}
_OFFERINGS = "moto/ec2/resources/instance_type_offerings/availability-zone"
_OF_SERVICES = "/aws-service-role/"


def main() -> None:
    """Write all tables."""
    zones = dict(_zones())
    _write(catalogue.ZONES, "EC2 DescribeAvailabilityZones", [_ZONE_COLUMNS, *_zone_rows(zones)])
    catalogue.zones.cache_clear()
    _write(catalogue.OFFERS, "EC2 DescribeInstanceTypeOfferings", [_OFFER_COLUMNS, *_offer_rows()])
    _write(catalogue.POLICIES, "IAM ListPolicies", _policies())


_ZONE_COLUMNS = "region,with_eks,without_eks"
_OFFER_COLUMNS = "family,sizes,regions (with zones, where they are not all)"


def _zones() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each region with EKS, and the ids of its zones by letter."""
    from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

    known: dict[str, list[Any]] = RegionsAndZonesBackend.zones
    session: Any = import_module("botocore.session").get_session()
    regions: list[str] = session.get_available_regions("eks")
    for region in sorted(regions):
        yield region, {str(zone.name)[-1]: str(zone.zone_id) for zone in known[region]}


def _zone_rows(found: dict[str, dict[str, str]]) -> Iterator[str]:
    for region, ids in found.items():
        without = {letter for letter, id_ in ids.items() if id_ in _IDS_WITHOUT_EKS}
        # A zone keeps its position, which determines a subnet's network.
        old = catalogue.zones().get(region, "") if catalogue.ZONES.exists() else ""
        new = sorted(ids.keys() - without - set(old))
        yield f"{region},{old}{''.join(new)},{''.join(sorted(without))}"


def _offer_rows() -> Iterator[str]:
    """Yield a row for each set of sizes of a family that is sold in the same places."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for region, letters in catalogue.zones().items():
        for name, zones in _offered(region).items():
            sold = "".join(letter for letter in letters if f"{region}{letter}" in zones)
            if sold:
                places[name].append(region if sold == letters else f"{region}:{sold}")
    alike: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for name in instance_types():
        family, size = name.split(".")
        alike[family, " ".join(places[name])].append(size)
    return (f"{family},{' '.join(sizes)},{where}" for (family, where), sizes in alike.items())


def _offered(region: str) -> dict[str, set[str]]:
    file = _of_moto(f"{_OFFERINGS}/{region}.json.gz")
    rows: list[dict[str, str]] = json.loads(gzip.decompress(file.read_bytes())) if file.exists() else []
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        found[row["InstanceType"]].add(row["Location"])
    return found


def _of_moto(path: str) -> Path:
    return Path(str(distribution("moto").locate_file(path)))


def _policies() -> list[str]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    found: dict[str, dict[str, str]] = json.loads(aws_managed_policies_data)
    own = {name: facts["Path"] for name, facts in found.items() if facts["Path"] != _OF_SERVICES}
    return sorted(f"{path}{name}".removeprefix("/") for name, path in own.items())


def _write(file: Path, what: str, lines: Iterable[str]) -> None:
    today = datetime.now(UTC).date()
    head = f"# {what} as in moto {version('moto')}, read on {today}"
    text = "\n".join([head, *lines])
    file.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
