"""The stack `dev` on AWS: made from nothing, and what an edit of its file changes."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from axon.engine import MODELS
from axon.predict import ask
from tests.engine.conftest import Environments, OnDoubles
from tests.stacks import PROJECT, get, kubectl

pytestmark = pytest.mark.engine
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
PRIORITIES = "kubernetes:core/v1:ConfigMap::cluster-autoscaler:kube-system/cluster-autoscaler-{}"
# What knows of every node group: the stand-in for Cluster Autoscaler's chart shows its values as well.
AUTOSCALER = {PRIORITIES.format(name): "update" for name in ("priority-expander", "values")}


@pytest.fixture(scope="module")
def made(environments: Environments) -> Iterator[OnDoubles]:
    """Return the stack, made step by step as `make up` makes it."""
    with environments("dev") as dev:
        dev.previewed = dev.stack.changes()
        dev.asked_in_preview = [call for call in dev.account.record() if call.op == "invoke"]
        dev.stack.pulumi("up", "--yes", "--skip-preview", "--exclude", MODELS)
        dev.first = set(dev.account.resources())
        dev.models_before = kubectl("get", "deployments", "-n", dev.stack.namespace, "-o", "name")
        dev.stack.up()
        yield dev


@pytest.fixture
def dev(made: OnDoubles) -> Iterator[OnDoubles]:
    """Return the stack, whose settings a test may change: they are put back, and the world with them."""
    before, state = copy.deepcopy(made.stack.settings), made.stack.state()
    yield made
    made.stack.settings.clear()
    made.stack.settings.update(before)
    if made.stack.state() != state:
        made.stack.up()


def groups(dev: OnDoubles) -> dict[str, Any]:
    return dev.cluster()["node_groups"]


def kinds(changes: dict[str, str]) -> set[str]:
    return {urn.split("::")[0] for urn in changes}


def test_a_preview_makes_nothing_and_asks_aws_nothing(made: OnDoubles) -> None:
    assert set(made.previewed.values()) == {"create"}
    assert len(made.previewed) > 100
    assert made.asked_in_preview == []


def test_all_but_the_models_can_be_made_first(made: OnDoubles) -> None:
    missing = set(made.account.resources()) - made.first

    assert missing == set(), "models have nothing on AWS, and all else was made before them"
    assert [key for key in made.first if key.startswith("aws:ecr/repository")]
    assert made.models_before == ""


def test_nothing_changes_after_up(dev: OnDoubles) -> None:
    assert dev.stack.changes() == {}
    assert dev.stack.changes("--refresh") == {}


def test_what_is_on_the_cluster_is_really_there(dev: OnDoubles) -> None:
    binding = get("targetgroupbinding", "axon-gateway-80", "envoy-gateway-system")
    ready = get("deployment", "iris-classifier", dev.stack.namespace)["status"]["readyReplicas"]
    arns = [row.outputs["arn"] for row in dev.account.of("TargetGroup")]

    assert binding["spec"]["targetGroupARN"] in arns
    assert binding["spec"]["serviceRef"] == {"name": "axon-gateway", "port": 80}
    assert ready == 1


def test_a_model_answers_through_the_gateway_that_the_load_balancer_leads_to(dev: OnDoubles) -> None:
    gateway = get("service", "axon-gateway", "envoy-gateway-system")["spec"]["clusterIP"]
    sample = (PROJECT / "predictors/iris/sample.json").read_bytes()

    answer = ask(f"http://{gateway}/{dev.stack.name}/iris-classifier", sample)

    assert answer == {"predictions": [0, 2]}


def test_endpoints_are_under_the_load_balancers_name(dev: OnDoubles) -> None:
    (balancer,) = dev.account.of("LoadBalancer")

    assert dev.stack.endpoints()["iris-classifier"] == (
        f"http://{balancer.outputs['dnsName']}/{dev.stack.name}/iris-classifier"
    )


def test_the_autoscaler_prefers_spot_and_falls_back(dev: OnDoubles) -> None:
    config = get("configmap", "cluster-autoscaler-priority-expander", "kube-system")

    assert config["data"]["priorities"].split() == [
        "10:",
        "-",
        "^eks-cpu-spot-\\d{18}[0-9a-f]{8}-.*",
        "1:",
        "-",
        "^eks-cpu-\\d{18}[0-9a-f]{8}-.*",
        "-",
        "^eks-system-\\d{18}[0-9a-f]{8}-.*",
    ]


def test_the_cluster_lets_in_whom_the_stack_file_names_and_not_who_made_it(dev: OnDoubles) -> None:
    (cluster,) = dev.account.of("Cluster")
    named = {one["principal_arn"] for one in dev.cluster()["access"].values()}

    assert cluster.inputs["accessConfig"]["bootstrapClusterCreatorAdminPermissions"] is False
    assert {entry.inputs["principalArn"] for entry in dev.account.of("AccessEntry")} == named


def test_every_role_has_the_stacks_boundary(dev: OnDoubles) -> None:
    limits = {role.inputs.get("permissionsBoundary") for role in dev.account.of("Role")}

    assert limits == {dev.cluster()["permissions_boundary"]}


def test_no_policy_allows_everything_on_everything(dev: OnDoubles) -> None:
    texts = [
        row.inputs[key]
        for kind, key in (("RolePolicy", "policy"), ("Role", "assumeRolePolicy"), ("BucketPolicy", "policy"))
        for row in dev.account.of(kind)
    ]
    statements = [statement for text in texts for statement in json.loads(text)["Statement"]]
    allowed = [s for s in statements if s["Effect"] == "Allow"]

    assert len(texts) > 10
    assert not [s for s in allowed if any(action.endswith("*") for action in s["Action"])]
    # What can be limited to a resource is; `*` is for reading what AWS can limit to none.
    reading = ("Describe", "List", "Get")
    assert not [
        s
        for s in allowed
        if s.get("Resource") == ["*"]
        and "Condition" not in s
        and not all(action.split(":")[1].startswith(reading) for action in s["Action"])
    ]


def test_a_new_node_group_touches_no_other(dev: OnDoubles) -> None:
    groups(dev)["memory"] = {"instance_types": ["r7i.large"], "min_instances": 0, "max_instances": 2}

    changes = dev.stack.changes()

    created = {urn for urn, op in changes.items() if op == "create"}
    assert {urn.split("::")[1].split("-")[0] for urn in created} == {"memory"}
    assert {urn: op for urn, op in changes.items() if urn not in created} == AUTOSCALER


def test_a_raised_maximum_is_an_update_of_one_group(dev: OnDoubles) -> None:
    groups(dev)["cpu-spot"]["max_instances"] = 9

    assert dev.stack.changes() == {f"{NODE_GROUP}::cpu-spot": "update"}


def test_a_raised_maximum_leaves_the_autoscalers_size(dev: OnDoubles) -> None:
    size = {"minSize": 1, "maxSize": 5, "desiredSize": 4}
    dev.account.drift("NodeGroup", "cpu-spot", scalingConfig=size)
    groups(dev)["cpu-spot"]["max_instances"] = 9

    dev.stack.up("--refresh")

    (group,) = [row for row in dev.account.of("NodeGroup") if row.name == "cpu-spot"]
    assert group.inputs["scalingConfig"] == {"minSize": 1, "maxSize": 9, "desiredSize": 4}


def test_another_instance_type_replaces_its_group_alone(dev: OnDoubles) -> None:
    groups(dev)["cpu"]["instance_types"] = ["m7i.xlarge"]

    changes = dev.stack.changes()

    assert changes[f"{NODE_GROUP}::cpu"] in ("replace", "create-replacement", "delete-replaced")
    assert kinds(changes) == {NODE_GROUP, "aws:autoscaling/tag:Tag"}
    of_spot = [urn for urn in changes if urn.split("::")[1].startswith("cpu-spot")]
    assert of_spot == []


def test_a_replaced_group_is_there_before_the_old_one_goes(dev: OnDoubles) -> None:
    groups(dev)["cpu"]["instance_types"] = ["m7i.xlarge"]
    dev.account.clear_record()

    dev.stack.up()

    calls = [call.op for call in dev.account.record() if call.type == NODE_GROUP]
    assert calls == ["create", "delete"]


def test_a_new_model_touches_neither_nodes_nor_cluster(dev: OnDoubles) -> None:
    models = dev.stack.settings["models"]
    models["iris-copy"] = {**models["iris-classifier"], "networking": {"endpoint": f"/{dev.stack.name}/copy"}}

    changes = dev.stack.changes()

    assert set(changes.values()) == {"create"}
    assert {urn.split("::")[1] for urn in changes} == {"iris-copy"}


def test_a_model_that_reads_s3_gets_a_role_of_its_own(dev: OnDoubles) -> None:
    dev.stack.settings["models"]["iris-classifier"]["aws"] = {"read": ["s3://elsewhere/iris/"]}

    changes = dev.stack.changes()

    assert changes.pop("kubernetes:apps/v1:Deployment::iris-classifier") == "update"
    assert changes.pop("kubernetes:networking.k8s.io/v1:NetworkPolicy::iris-classifier") == "update"
    assert set(changes.values()) == {"create"}
    assert kinds(changes) == {
        "axon:iam:PodRole",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    }


def test_a_removed_model_is_deleted_and_nothing_else(dev: OnDoubles) -> None:
    del dev.stack.settings["models"]["digits-classifier"]

    changes = dev.stack.changes()

    assert set(changes.values()) == {"delete"}
    on_aws = {urn for urn in changes if urn.startswith("aws:")}
    # Its image's repository, and its framework's, which no other model has.
    assert {urn.split("::")[1] for urn in on_aws} == {"digits", "onnx"}
    assert kinds(dict.fromkeys(on_aws, "")) == {
        "aws:ecr/repository:Repository",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    }
    assert {urn.split("::")[1] for urn in changes if urn not in on_aws} == {"digits-classifier"}


def test_another_network_of_the_api_is_an_update_of_the_cluster(dev: OnDoubles) -> None:
    dev.cluster()["endpoint"] = {}

    assert dev.stack.changes() == {"aws:eks/cluster:Cluster::axon-dev-eksCluster": "update"}


def test_another_network_of_clients_is_a_rule(dev: OnDoubles) -> None:
    dev.cluster()["load_balancer"]["allow"].append("198.51.100.0/24")

    rule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule::gateway-80-198.51.100.0/24"
    assert dev.stack.changes() == {rule: "create"}


def test_a_zone_more_moves_no_subnet(dev: OnDoubles) -> None:
    dev.cluster()["network"]["zone_count"] = 3

    changes = dev.stack.changes()

    assert not [urn for urn, op in changes.items() if "subnet:Subnet" in urn and op != "create"]
    assert not [urn for urn, op in changes.items() if "delete" in op and NODE_GROUP not in urn]


def test_the_state_holds_no_secret_in_plain_text(dev: OnDoubles) -> None:
    state = dev.stack.state()
    keys = kubectl("get", "secrets", "-A", "-o", "jsonpath={.items[*].data.tls\\.key}").split()

    assert keys
    assert [key[:8] for key in keys if key in state] == []
