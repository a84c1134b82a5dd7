"""The table of prices, written anew from a server that answers as AWS' price list does."""

import shutil
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from axon.cost.prices import FILE, load_prices
from axon.cost.refresh_prices import RefreshError, refresh

# The columns of AWS' files that matter, in their order, after the lines that stand before them there.
PREAMBLE = (
    '"FormatVersion","v1.0"\n"Disclaimer","Not a guarantee"\n"Publication Date","2026-11-20T00:00:00Z"\n'
)
EC2 = (
    '"SKU","TermType","Unit","PricePerUnit","Currency","Product Family","Instance Type","Tenancy",'
    '"Operating System","usageType","CapacityStatus","Pre Installed S/W"\n'
    '"A","OnDemand","Hrs","0.2000000000","USD","Compute Instance","m7i.large","Shared","Linux",'
    '"EU-BoxUsage:m7i.large","Used","NA"\n'
    '"B","OnDemand","Hrs","0.9000000000","USD","Compute Instance","m7i.large","Shared","Windows",'
    '"EU-BoxUsage:m7i.large","Used","NA"\n'
    '"C","OnDemand","Hrs","0.9000000000","USD","Compute Instance","m7i.large","Dedicated","Linux",'
    '"EU-DedicatedUsage:m7i.large","Used","NA"\n'
    '"D","OnDemand","Hrs","0.0000000000","USD","Compute Instance","m7i.large","Shared","Linux",'
    '"EU-Reservation:m7i.large","AllocatedCapacityReservation","NA"\n'
    '"E","Reserved","Hrs","0.1000000000","USD","Compute Instance","m7i.large","Shared","Linux",'
    '"EU-BoxUsage:m7i.large","Used","NA"\n'
    '"F","OnDemand","Hrs","0.5000000000","USD","Compute Instance","x9.large","Shared","Linux",'
    '"EU-BoxUsage:x9.large","Used","NA"\n'
    '"G","OnDemand","Hrs","0.0500000000","USD","NAT Gateway","","","","EU-NatGateway-Hours","",""\n'
    '"H","OnDemand","GB-Mo","0.0900000000","USD","Storage","","","","EU-EBS:VolumeUsage.gp3","",""\n'
)
PLAIN = '"SKU","TermType","Unit","PricePerUnit","Currency","Product Family","usageType"\n'
FILES = {
    "AmazonEC2": EC2,
    "AmazonEKS": PLAIN + '"I","OnDemand","Hours","0.11","USD","Compute","EUW1-AmazonEKS-Hours:perCluster"\n',
    "AmazonVPC": PLAIN + '"J","OnDemand","Hrs","0.006","USD","IP","EU-PublicIPv4:InUseAddress"\n',
    "AWSELB": PLAIN
    + '"K","OnDemand","Hrs","0.03","USD","Load Balancer-Application","EU-LoadBalancerUsage"\n'
    + '"L","OnDemand","Hrs","0.02","USD","Load Balancer-Network","EU-LoadBalancerUsage"\n',
    "awskms": PLAIN + '"M","OnDemand","Keys","1.0000000000","USD","Encryption Key","eu-west-1-KMS-Keys"\n',
}


class PriceList(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        service, region = self.path.split("/")[4], self.path.split("/")[6]
        known = (
            region == "eu-west-1" and self.path == f"/offers/v1.0/aws/{service}/current/{region}/index.csv"
        )
        self.send_response(200 if known else 404)
        self.end_headers()
        if known:
            self.wfile.write((PREAMBLE + FILES[service]).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), PriceList)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return Path(shutil.copy(FILE, tmp_path))


def test_prices_are_those_of_the_list(url: str, file: Path) -> None:
    changes = refresh(url, ["eu-west-1"], file)

    table = load_prices(file)
    expected = {
        "ec2:m7i.large": "0.2",
        "vpc:nat-gateway": "0.05",
        "ebs:gp3-gib": "0.09",
        "eks:cluster": "0.11",
        "vpc:public-address": "0.006",
        "elb:network": "0.02",
        "kms:key": "1",
    }
    assert {item: table["eu-west-1", item].usd for item in expected} == {
        item: Decimal(usd) for item, usd in expected.items()
    }
    assert {table["eu-west-1", item].source for item in expected} == {"aws"}
    assert "eu-west-1 ec2:m7i.large: 0.11235 → 0.2" in changes
    assert not [line for line in changes if "kms" in line]


def test_what_the_list_lacks_stays_with_its_date(url: str, file: Path) -> None:
    before = load_prices(file)
    refresh(url, ["eu-west-1"], file)
    after = load_prices(file)

    assert after.keys() == before.keys()
    assert after["eu-west-1", "ec2:m6i.large"] == before["eu-west-1", "ec2:m6i.large"]
    assert after["us-east-1", "ec2:m7i.large"] == before["us-east-1", "ec2:m7i.large"]


def test_the_notes_of_the_table_stay(url: str, file: Path) -> None:
    refresh(url, ["eu-west-1"], file)

    assert file.read_text().startswith("# AWS list prices")


def test_a_list_that_cannot_be_read_changes_nothing(url: str, file: Path) -> None:
    before = file.read_text()

    with pytest.raises(RefreshError, match="404"):
        refresh(url, ["eu-west-1", "us-east-1"], file)

    assert file.read_text() == before


def test_without_a_network_one_line_says_so(file: Path) -> None:
    with pytest.raises(RefreshError, match=r"http://127\.0\.0\.1:1/offers"):
        refresh("http://127.0.0.1:1", ["eu-west-1"], file)
