"""The life of the stack `prod` on AWS: a create that fails, protection, and a destroy that leaves nothing."""

import json
import os
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from axon.checks import removal
from axon.checks.failed_creation import replace_failed
from axon.engine import export
from axon.steps import StepFailed
from stacks.settings.stack import Stack as StackSettings
from tests.engine.conftest import Environments, OnDoubles
from tests.stacks import PROJECT, kubectl
from tests.unit.stand_ins import command

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


def test_a_node_group_that_was_made_and_then_failed_is_made_again(
    prod: OnDoubles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = prod.cluster()["node_groups"]
    groups["extra"] = {"instance_types": ["m7i.large"], "min_instances": 0, "max_instances": 1}
    prod.account.fail_after_creation(NODE_GROUP, "extra", "NodeCreationFailure: Instances failed to join")
    up = prod.stack.pulumi("up", "--yes", "--skip-preview", check=False)
    assert up.returncode != 0
    assert "Instances failed to join" in up.stdout
    failed = node_group(prod, "extra")
    for name, value in prod.stack.environment.items():
        monkeypatch.setenv(name, value)
    answers_for_eks(tmp_path, monkeypatch)

    (line,) = marked(prod)
    prod.stack.up("--refresh")

    assert "failed to create the node group" in line
    assert "Instances failed to join" in line
    assert node_group(prod, "extra") != failed
    assert marked(prod) == []
    del groups["extra"]
    prod.stack.up()


def marked(prod: OnDoubles) -> list[str]:
    """Mark what AWS failed to create, as `gitops prepare` does."""
    state = export(prod.stack.name, prod.stack.folder)
    return replace_failed(settings(prod), prod.stack.name, state, prod.stack.folder)


def node_group(prod: OnDoubles, name: str) -> str:
    """Return the id of the only node group that the program calls so."""
    (id_,) = [row.id for row in prod.account.of("NodeGroup") if row.name == name]
    return id_


def answers_for_eks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `aws eks describe-nodegroup` and the like describe what the account has."""
    command(folder, "aws", f'PYTHONPATH={PROJECT} exec {sys.executable} -P -m tests.doubles.eks_cli "$@"')
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


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


def test_tls_is_turned_off_and_on_again(prod: OnDoubles) -> None:
    """The load balancer controller's webhook refuses another target group in a binding that is there."""
    balancer = prod.cluster()["load_balancer"]
    before, tls = bindings(), balancer.pop("tls")
    balancer["plain_http"] = True

    prod.stack.up()
    plain, ports = bindings(), listeners(prod)
    balancer["tls"] = tls
    del balancer["plain_http"]
    prod.stack.up()

    assert ports == {80}
    assert plain == {"axon-gateway-80": before["axon-gateway-80"]}
    after = bindings()
    assert after["axon-gateway-80"] == before["axon-gateway-80"]
    assert after["axon-gateway-8080"] != before["axon-gateway-8080"], "it was made anew"
    assert listeners(prod) == {80, 443}
    assert prod.stack.changes() == {}


def bindings() -> dict[str, str]:
    """Return the UID of each binding of a target group, by name."""
    found = kubectl("get", "targetgroupbindings", "-n", "envoy-gateway-system", "-o", "json")
    return {one["metadata"]["name"]: one["metadata"]["uid"] for one in json.loads(found)["items"]}


def listeners(prod: OnDoubles) -> set[int]:
    """Return the ports that the load balancer listens on."""
    return {row.inputs["port"] for row in prod.account.of("Listener")}


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
