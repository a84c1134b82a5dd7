"""What the policies are told about a preview."""

import pytest

from axon.cost.costs import cost_of
from axon.report.policy_check import context_of, is_production, judge
from axon.stack_file import settings_of
from stacks.settings import load_file
from tests.unit.gitops.kinds import latest_image_in_production, nothing, open_kubernetes_api
from tests.unit.gitops.scenarios import World
from tests.unit.on_aws import cluster


@pytest.mark.parametrize(
    ("stack", "protected", "production"),
    [
        ("prod", False, True),
        ("eu-prod", False, True),
        ("production", False, True),
        ("dev", False, False),
        ("product-demo", False, False),
        ("dev", True, True),
    ],
)
def test_production_is_what_says_so_or_is_protected(stack: str, protected: bool, production: bool) -> None:
    assert is_production(stack, cluster(protected=protected)) is production


def test_policies_know_the_budget_the_cost_and_the_registry() -> None:
    prod = load_file("prod")
    cost = cost_of(prod)
    context = context_of(prod, "prod", cost)

    assert cost
    assert (context.budget, context.cost, context.tls) == (5000, cost.low, True)
    assert context.registries == ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/axon-prod",)


def levels(world: World) -> dict[str, str]:
    found = judge(world.preview(), settings_of(world.after, world.stack), world.stack, None)
    return {violation.policy.name: violation.level for violation in found}


def test_production_is_held_to_policies_that_elsewhere_are_advice() -> None:
    assert levels(open_kubernetes_api()) == {"public-kubernetes-api": "advisory"}
    assert levels(latest_image_in_production()) == {
        "foreign-registry": "mandatory",
        "mutable-image-tag": "mandatory",
    }


def test_what_stays_as_it_is_is_nobodys_to_mend() -> None:
    world = nothing()
    world.update(
        "aws:eks/cluster:Cluster", "axon-dev-eksCluster", {"vpcConfig.publicAccessCidrs": ["0.0.0.0/0"]}
    )
    world.find("aws:eks/cluster:Cluster", "axon-dev-eksCluster")["op"] = "same"

    assert levels(world) == {}


def test_a_stack_of_the_repo_made_from_nothing_keeps_every_policy() -> None:
    world = World()
    world.as_new()

    assert levels(world) == {}
