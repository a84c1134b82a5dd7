"""Policy checks of a preview."""

import pytest

from axon.cost.costs import cost_of
from axon.report.policy_check import context_of, is_production, policy_violations
from axon.stack_file import settings_of
from stacks.settings import load_file
from tests.unit.gitops.edits import scenario
from tests.unit.gitops.scenarios import Scenario, unchanged
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
def test_a_production_stack_is_named_so_or_protected(stack: str, protected: bool, production: bool) -> None:
    assert is_production(stack, cluster(protected=protected)) is production


def test_policies_know_the_budget_the_cost_and_the_registry() -> None:
    prod = load_file("prod")
    cost = cost_of(prod)
    context = context_of(prod, "prod", cost)

    assert cost
    assert (context.budget, context.cost, context.tls) == (5000, cost.low, True)
    assert context.registries == ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/axon-prod",)


def levels(change: Scenario) -> dict[str, str]:
    settings = settings_of(change.after, change.stack)
    found = policy_violations(change.preview(), settings, change.stack, None)
    return {violation.policy.name: violation.level for violation in found}


def test_policies_are_mandatory_in_production_and_advice_elsewhere() -> None:
    assert levels(scenario("open-kubernetes-api")) == {"public-kubernetes-api": "advisory"}
    assert levels(scenario("latest-image-in-production")) == {
        "foreign-registry": "mandatory",
        "mutable-image-tag": "mandatory",
    }


def test_unchanged_resources_are_not_checked() -> None:
    change = unchanged()
    change.update(
        "aws:eks/cluster:Cluster", "axon-dev-eksCluster", {"vpcConfig.publicAccessCidrs": ["0.0.0.0/0"]}
    )
    change.find("aws:eks/cluster:Cluster", "axon-dev-eksCluster")["op"] = "same"

    assert levels(change) == {}


def test_a_new_stack_complies_with_all_policies() -> None:
    assert levels(scenario("new-stack")) == {}
