"""The life of the stack `prod` on AWS: a create that fails, protection, and a destroy that leaves nothing."""

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest

from axon.checks import removal
from axon.steps import StepFailed
from stacks.settings.stack import Stack as StackSettings
from tests.engine.conftest import Environments, OnDoubles

pytestmark = pytest.mark.engine
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
_DELETED = re.compile(r"^ -  (\S+) (\S+) deleted", re.M)


@pytest.fixture(scope="module")
def prod(environments: Environments) -> Iterator[OnDoubles]:
    with environments("prod") as made:
        made.cluster()["version"] = "1.35"
        # Each takes a while, as AWS' do: what could run at once and does not is seen.
        made.account.slow("*", "*", "create", 0.7)
        yield made


def settings(prod: OnDoubles) -> StackSettings:
    return StackSettings.model_validate(prod.stack.settings)


def test_a_create_that_fails_in_the_middle_is_made_good_by_the_next_up(prod: OnDoubles) -> None:
    prod.account.fail(NODE_GROUP, "cpu", "create", "NodeCreationFailure: no capacity")

    first = prod.stack.pulumi("up", "--yes", "--skip-preview", "--continue-on-error", check=False)

    assert first.returncode != 0
    assert "no capacity" in first.stdout
    # Nothing but the models waits for that group.
    assert "Release aws-load-balancer-controller created" in first.stdout
    # What does not wait for the group that failed was made, and at once: one after the other it would
    # have taken as long as all of it together.
    overlap = prod.account.overlap("create")
    assert overlap.wall < overlap.total / 2, overlap
    prod.stack.up()
    names = [row.name for row in prod.account.of("NodeGroup")]
    assert sorted(names) == ["cpu", "cpu-spot", "gpu", "system"]
    assert prod.stack.changes() == {}


def test_each_zone_has_a_way_out_of_its_own(prod: OnDoubles) -> None:
    assert len(prod.account.of("NatGateway")) == 3
    routes = [row.inputs for row in prod.account.of("Route") if row.inputs.get("natGatewayId")]
    assert len({route["natGatewayId"] for route in routes}) == 3


def test_accelerators_come_from_zero_and_keep_others_away(prod: OnDoubles) -> None:
    (gpu,) = [row.inputs for row in prod.account.of("NodeGroup") if row.name == "gpu"]
    hints = {row.inputs["tag"]["key"]: row.inputs["tag"]["value"] for row in prod.account.of("Tag")}

    assert gpu["amiType"] == "AL2023_x86_64_NVIDIA"
    assert gpu["scalingConfig"]["minSize"] == 0
    assert gpu["taints"] == [{"effect": "NO_SCHEDULE", "key": "nvidia.com/gpu", "value": "true"}]
    assert hints["k8s.io/cluster-autoscaler/node-template/resources/nvidia.com/gpu"] == "1"


def test_everything_carries_the_stacks_tags(prod: OnDoubles) -> None:
    for row in prod.account.of("Vpc") + prod.account.of("NodeGroup") + prod.account.of("Bucket"):
        assert row.outputs["tagsAll"]["axon:cluster"] == "axon-prod", row.key


def test_a_version_of_kubernetes_is_raised_in_place(prod: OnDoubles) -> None:
    prod.cluster()["version"] = "1.36"

    changes = prod.stack.changes()

    assert set(changes.values()) == {"update"}
    assert {urn.split("::")[0] for urn in changes} == {
        "aws:eks/cluster:Cluster",
        NODE_GROUP,
        "aws:eks/addon:Addon",
        "kubernetes:core/v1:ConfigMap",  # the autoscaler's image, in the stand-in for its chart
    }
    prod.account.clear_record()
    prod.stack.up()
    calls = [call.type for call in prod.account.record() if call.op == "update"]
    assert calls.index("aws:eks/cluster:Cluster") < calls.index(NODE_GROUP), "nodes are never newer"


def test_a_version_of_kubernetes_cannot_be_lowered(prod: OnDoubles) -> None:
    prod.cluster()["version"] = "1.35"

    down = prod.stack.pulumi("up", "--yes", "--skip-preview", check=False)

    assert down.returncode != 0
    prod.cluster()["version"] = "1.36"
    prod.stack.up()


def test_a_protected_stack_is_refused_before_the_engine_is_asked(
    prod: OnDoubles, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = prod.account.resources()

    with pytest.raises(StepFailed, match=r"protected, and nothing was removed.*protected: false"):
        removal.check_removable(settings(prod), prod.stack.name)

    prod.cluster()["protected"] = False  # in the file alone: the state protects it still
    for name, value in prod.stack.environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StepFailed, match=r"still protects .*`axon up --stack "):
        removal.check_removable(settings(prod), prod.stack.name, prod.stack.folder)
    assert prod.account.resources() == before


def test_a_destroy_takes_down_what_needs_it_first_and_leaves_nothing(prod: OnDoubles) -> None:
    prod.cluster()["protected"] = False
    prod.cluster()["model_store"] = {"delete_with_contents": True}
    prod.stack.up()
    prod.account.clear_record()

    run = prod.stack.pulumi("destroy", "--yes", "--skip-preview")

    order = [f"{kind}::{name}" for kind, name in _DELETED.findall(run.stdout)]
    first = {kind: min(i for i, line in enumerate(order) if kind in line) for kind in _TIERS}
    last = {kind: max(i for i, line in enumerate(order) if kind in line) for kind in _TIERS}
    for before, after in pairwise(_TIERS):
        assert last[before] < first[after], f"{before} should be gone before {after} goes: {order}"
    limit = prod.cluster()["permissions_boundary"]
    assert list(prod.account.resources()) == [f"aws:iam/policy:Policy|{limit}"], "what `make bootstrap` made"


# What would hang the next one's deletion if it went later.
_TIERS = [
    "TargetGroupBinding",
    "helm.sh/v3:Release::aws-load-balancer-controller",
    "aws:eks:NodeGroup::system",
    "aws:eks:Addon::vpc-cni",
    "aws:eks:Cluster",
    "aws:ec2:Vpc::",
]
