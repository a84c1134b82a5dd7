"""What a stack costs: from the committed prices, with what they lack said."""

from decimal import Decimal
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axon.cost.costs import Cost, Line, cost_of, share_of_node
from axon.cost.prices import HOURS, SPOT_SHARE, load_prices
from axon.cost.table import between, dollars, table
from stacks.settings import Model, Stack, load_file
from stacks.settings.aws.eks import EksCluster
from stacks.settings.eks_checks import replicas_per_node
from tests.unit.on_aws import SYSTEM, cluster, group

PROJECT = Path(__file__).parents[3]
IRIS = {"predictor": {"image": "registry.example/iris:1"}}


def cost(models: dict[str, Any] | None = None, groups: dict[str, Any] | None = None, **settings: Any) -> Cost:
    made = cost_of(Stack(cluster=cluster(groups, **settings), models=models or {}))
    assert made is not None
    return made


def line(lines: tuple[Line, ...], name: str) -> Line:
    return next(line for line in lines if line.name == name)


def price(item: str, region: str = "eu-west-1") -> Decimal:
    return load_prices()[region, item].usd


def test_every_price_says_where_it_is_from_and_when() -> None:
    for (region, item), row in load_prices().items():
        assert region in ("eu-west-1", "us-east-1")
        assert row.usd > 0, item
        assert row.unit in ("hour", "month"), item
        assert row.source in ("karpenter", "skypilot", "published-table", "memory", "aws"), item
        assert row.date.startswith("202"), item


def test_both_regions_have_every_fixed_part() -> None:
    parts = {item for _, item in load_prices() if not item.startswith("ec2:")}

    assert all((region, part) in load_prices() for region in ("eu-west-1", "us-east-1") for part in parts)


def test_every_type_of_the_table_is_one_of_ec2() -> None:
    for _, item in load_prices():
        if item.startswith("ec2:"):
            assert group(item.removeprefix("ec2:"))


def test_a_larger_size_of_a_family_costs_more() -> None:
    for region in ("eu-west-1", "us-east-1"):
        assert price("ec2:m7i.xlarge", region) == 2 * price("ec2:m7i.large", region)
        assert price("ec2:m6a.4xlarge", region) == 8 * price("ec2:m6a.large", region)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_sum_is_the_sum_of_its_lines(stack: str) -> None:
    found = cost_of(load_file(stack))
    assert found
    lows = [part.low for part in (*found.fixed, *found.nodes) if part.low is not None]

    assert found.low == sum(lows)
    assert found.low < found.high


def test_a_stack_on_a_cluster_that_stands_costs_nothing_of_its_own() -> None:
    assert cost_of(load_file("local")) is None


def test_nodes_cost_their_hours_and_their_disks() -> None:
    nodes = line(cost(groups={"system": SYSTEM}).nodes, "nodes of system")

    assert nodes.low == 2 * (price("ec2:m7i.large") * HOURS + 50 * price("ebs:gp3-gib"))


def test_spot_is_a_share_of_the_dearest_type() -> None:
    types = ["m6i.large", "m7a.large"]
    spot = {
        "instance_types": types,
        "spot": True,
        "min_instances": 1,
        "max_instances": 1,
        "disk": {"size": 20},
    }

    nodes = line(cost(groups={"system": SYSTEM, "spot": spot}).nodes, "nodes of spot")

    assert nodes.low == price("ec2:m7a.large") * HOURS * SPOT_SHARE + 20 * price("ebs:gp3-gib")


@pytest.mark.parametrize(("nat", "gateways"), [("single", 1), ("per_zone", 3)])
def test_each_nat_gateway_costs(nat: str, gateways: int) -> None:
    found = cost(network={"nat": nat, "zone_count": 3})

    assert line(found.fixed, "NAT gateways").low == gateways * price("vpc:nat-gateway") * HOURS


def test_a_type_without_a_price_is_said_and_not_free() -> None:
    found = cost(groups={"system": SYSTEM, "gpu": {"instance_types": ["g6.xlarge"], "max_instances": 2}})

    assert line(found.nodes, "nodes of gpu").high is None
    assert found.missing == ("ec2:g6.xlarge",)
    assert "No price for ec2:g6.xlarge in eu-west-1: not included in the totals." in table(found, "lab")
    assert "no price" in table(found, "lab")


def test_a_region_without_prices_is_said_part_by_part() -> None:
    found = cost(region="eu-north-1")

    assert found.low == 0
    assert {"eks:cluster", "ec2:m7i.large"} <= set(found.missing)
    assert "No price for eks:cluster" in table(found, "lab")


def test_disks_beyond_the_table_are_said() -> None:
    fast = {"instance_types": ["m7i.large"], "disk": {"size": 100, "iops": 6000}}

    assert (
        "io2, iops and throughput of the disks of cpu" in cost(groups={"system": SYSTEM, "cpu": fast}).missing
    )


def test_a_model_costs_its_share_of_the_cheapest_node_that_takes_it() -> None:
    groups = {
        "system": SYSTEM,
        "dear": {"instance_types": ["r7i.large"]},
        "cheap": {"instance_types": ["m6a.large"]},
    }
    found = cost(
        {"iris": {**IRIS, "autoscaling": {"min_replicas": 2, "max_replicas": 5}}}, groups, region="us-east-1"
    )
    (iris,) = found.models

    share = share_of_node(Model.model_validate(IRIS), group("m6a.large"))
    replica = price("ec2:m6a.large", "us-east-1") * HOURS * share
    assert (iris.low, iris.high) == (replica * 2, replica * 5)
    assert iris.note == "2 to 5 replicas on cheap"


def test_a_replica_with_the_only_gpu_costs_the_node() -> None:
    model = Model.model_validate({**IRIS, "compute": {"gpu": 1}})

    assert share_of_node(model, group("g5.xlarge")) == 1


@given(st.integers(20, 1900), st.integers(32, 5000))
def test_replicas_that_fill_a_node_cost_no_more_than_it(millicores: int, mebibytes: int) -> None:
    model = Model.model_validate({**IRIS, "compute": {"cpu": f"{millicores}m", "mem": f"{mebibytes}Mi"}})
    nodes = group("m7i.large")

    assert replicas_per_node(nodes, model.compute) * share_of_node(model, nodes) <= 1


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "$0"), ("0.126", "$0.13"), ("72.5", "$73"), ("12145.2", "$12,145"), (None, "no price")],
)
def test_money_is_written_as_money(amount: str | None, text: str) -> None:
    assert dollars(None if amount is None else Decimal(amount)) == text


def test_a_range_of_one_amount_is_one_amount() -> None:
    assert between(Decimal("10.1"), Decimal("10.2")) == "$10"


def test_the_stacks_of_the_repo_have_a_budget_above_their_least() -> None:
    prod = load_file("prod")
    found = cost_of(prod)

    assert found
    assert isinstance(prod.cluster, EksCluster)
    assert prod.cluster.budget
    assert found.low < prod.cluster.budget.monthly_usd


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_docs_show_what_the_command_prints(stack: str) -> None:
    found = cost_of(load_file(stack))
    assert found is not None
    shown, _, _ = table(found, stack).partition("\nof which ")
    docs = (PROJECT / "docs/aws.md").read_text()

    assert indent(shown, "    ") in docs
    assert f"a spot node counts {SPOT_SHARE} of on-demand" in docs
