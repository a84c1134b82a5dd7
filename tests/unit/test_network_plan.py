"""The addresses of a VPC: nothing overlaps, nothing moves, and what is refused is told why."""

import ipaddress
import re
from itertools import pairwise
from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st

from stacks.settings.aws.network import NEEDED_WITHOUT_NAT, Network
from tests.unit.refusals import refused

REGION = "us-east-1"  # which has most zones
NATS = ["none", "single", "per_zone"]
# What a library says where a person is meant to read it.
JARGON = re.compile(r"Input should|Value error|validation error|type=|pydantic|Traceback|None")


@st.composite
def cidrs(draw: st.DrawFn) -> str:
    """A private network that a VPC may have."""
    size = draw(st.integers(16, 22))
    whole = ipaddress.IPv4Network(draw(st.sampled_from(["10.0.0.0/8", "192.168.0.0/16", "100.64.0.0/10"])))
    offset = draw(st.integers(0, 2 ** (size - whole.prefixlen) - 1)) << (32 - size)
    return f"{whole.network_address + offset}/{size}"


def network(cidr: str, **settings: Any) -> Network:
    given = {"cidr": cidr, "interface_endpoints": list(NEEDED_WITHOUT_NAT), **settings}
    return Network.model_validate(given)


def plan(network: Network, visibility: Literal["private", "public"]) -> list[ipaddress.IPv4Network]:
    cidr = network.private_cidr if visibility == "private" else network.public_cidr
    return [ipaddress.IPv4Network(cidr(index)) for index, _ in enumerate(network.zone_names(REGION))]


def subnets(network: Network) -> list[ipaddress.IPv4Network]:
    return [*plan(network, "private"), *plan(network, "public")]


@given(cidrs(), st.integers(2, 5))
def test_every_subnet_lies_in_the_vpc(cidr: str, zones: int) -> None:
    vpc = ipaddress.IPv4Network(cidr)

    assert all(subnet.subnet_of(vpc) for subnet in subnets(network(cidr, zone_count=zones)))


@given(cidrs(), st.integers(2, 5))
def test_no_two_subnets_share_an_address(cidr: str, zones: int) -> None:
    planned = sorted(subnets(network(cidr, zone_count=zones)))

    assert len(planned) == 2 * zones
    assert all(not one.overlaps(other) for one, other in pairwise(planned))


@given(cidrs(), st.integers(2, 4))
def test_a_zone_that_is_added_moves_no_subnet(cidr: str, zones: int) -> None:
    before, after = network(cidr, zone_count=zones), network(cidr, zone_count=zones + 1)

    assert after.zone_names(REGION)[:zones] == before.zone_names(REGION)
    assert plan(after, "private")[:zones] == plan(before, "private")
    assert plan(after, "public")[:zones] == plan(before, "public")


@given(st.permutations([f"{REGION}{letter}" for letter in "abcdf"]), st.integers(2, 4))
def test_a_zone_added_last_to_a_list_moves_no_subnet(zones: list[str], count: int) -> None:
    before, after = network("10.0.0.0/16", zones=zones[:count]), network("10.0.0.0/16", zones=zones)

    assert subnets(before)[:count] == subnets(after)[:count]


@given(cidrs(), st.integers(2, 5), st.sampled_from(NATS), st.sampled_from(NATS))
def test_another_way_to_the_internet_moves_no_subnet(cidr: str, zones: int, one: str, other: str) -> None:
    assert subnets(network(cidr, zone_count=zones, nat=one)) == subnets(
        network(cidr, zone_count=zones, nat=other)
    )


@given(cidrs())
def test_every_public_subnet_has_room_for_a_load_balancer(cidr: str) -> None:
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/network/create-network-load-balancer.html
    assert (network(cidr).addresses("public") or 0) >= 8


@given(cidrs())
def test_what_nodes_may_use_is_what_the_plan_gives_them(cidr: str) -> None:
    planned = plan(network(cidr), "private")[0]

    assert network(cidr).addresses("private") == planned.num_addresses - 5


def test_the_default_is_three_zones_of_8000_pods() -> None:
    assert Network().zone_names(REGION) == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert (Network().addresses("private") or 0) > 8000


def _networks() -> st.SearchStrategy[dict[str, Any]]:
    octets = st.integers(0, 255)
    any_cidr = st.builds("{}.{}.{}.{}/{}".format, octets, octets, octets, octets, st.integers(0, 33))
    zone = st.builds("{}{}".format, st.sampled_from([REGION, "us-east-1", "mars"]), st.sampled_from("abg1"))
    return st.fixed_dictionaries(
        {},
        optional={
            "cidr": any_cidr | cidrs() | st.text(max_size=12) | st.integers(),
            "service_cidr": any_cidr | cidrs() | st.text(max_size=12),
            "zone_count": st.integers(-1, 9) | st.text(max_size=2) | st.booleans(),
            "zones": st.lists(zone, max_size=7),
            "nat": st.sampled_from([*NATS, "per-zone", "", 1, None]),
            "interface_endpoints": st.lists(st.sampled_from(["sts", "s3", "ecr"]), max_size=2),
            "flow_logs": st.sampled_from([True, "yes", 1]),
            "zone_cuont": st.just(3),
        },
    )


@given(_networks())
def test_whatever_is_refused_is_told_why(settings: dict[str, Any]) -> None:
    found = refused(Network, settings)

    assert len(found) == len(set(found))
    assert all(len(said.message) > 10 and not JARGON.search(said.message) for said in found), found


@given(_networks())
def test_whatever_is_taken_has_a_plan(settings: dict[str, Any]) -> None:
    if refused(Network, settings):
        return
    network = Network.model_validate(settings)

    assert len(set(subnets(network))) == 2 * len(network.zone_names(REGION))
