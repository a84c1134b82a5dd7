"""What the real engine would do, and does, on a real API server when a stack file changes."""

import base64
import json

import pytest

from tests.stacks import Stack, get, kubectl

pytestmark = pytest.mark.engine
IRIS = "iris-classifier"


def test_nothing_changes_after_up(deployed: Stack) -> None:
    assert deployed.changes() == {}


def test_a_changed_compute_is_an_update_of_one_deployment(live: Stack) -> None:
    live.settings["models"][IRIS]["compute"] = {"cpu": "150m"}

    assert live.changes() == {f"kubernetes:apps/v1:Deployment::{IRIS}": "update"}

    live.up()
    containers = get("deployment", IRIS, live.namespace)["spec"]["template"]["spec"]["containers"]
    assert containers[0]["resources"]["requests"]["cpu"] == "150m"
    assert live.changes() == {}


def test_a_changed_model_is_a_changed_image_of_one_deployment(live: Stack) -> None:
    artifact = live.folder / "predictors/iris/model.joblib"
    before = artifact.read_bytes()
    artifact.write_bytes(before + b"\n")
    try:
        changes = live.changes()
    finally:
        artifact.write_bytes(before)

    assert changes == {f"kubernetes:apps/v1:Deployment::{IRIS}": "update"}


def test_one_model_can_be_updated_by_itself(live: Stack) -> None:
    for model in (IRIS, "species"):
        live.settings["models"][model]["compute"] = {"cpu": "60m"}

    live.up("--target", f"**axon:model_api:ModelApi**::{IRIS}", "--target-dependents")

    assert live.changes() == {"kubernetes:apps/v1:Deployment::species": "update"}


def test_a_renamed_endpoint_changes_the_route_and_its_claim_only(live: Stack) -> None:
    live.settings["models"][IRIS]["networking"] = {"endpoint": f"/{live.name}/flowers"}

    assert live.changes() == {
        f"kubernetes:core/v1:NamespacePatch::{IRIS}": "update",
        f"kubernetes:gateway.networking.k8s.io/v1:HTTPRoute::{IRIS}": "update",
    }


def test_a_removed_model_is_deleted_and_nothing_else(live: Stack) -> None:
    del live.settings["models"]["digits-classifier"]

    changes = live.changes()

    assert set(changes.values()) == {"delete"}
    assert {urn.rsplit("::", 1)[1] for urn in changes} == {"digits-classifier"}

    live.up()
    left = kubectl("get", "deployments", "-n", live.namespace, "-o", "name").split()
    assert left == [f"deployment.apps/{IRIS}", "deployment.apps/species"]


def test_a_model_that_says_where_it_moved_from_stays_as_it_is(live: Stack) -> None:
    models = live.settings["models"]
    models["flowers"] = {**models.pop(IRIS), "moved_from": IRIS}
    assert live.changes() == {}

    live.up()
    models["blossoms"] = models.pop("flowers")

    assert live.changes() == {}
    assert live.endpoints()["flowers"].endswith(f"/{live.name}/{IRIS}")


def test_what_somebody_changed_by_hand_is_seen_and_put_back(live: Stack) -> None:
    where = ("-n", live.namespace)
    kubectl("label", "deployment", IRIS, *where, "app.kubernetes.io/managed-by=me", "--overwrite")
    kubectl("delete", "service", "digits-classifier", *where)
    kubectl("patch", "pdb", IRIS, *where, "--type=merge", "-p", '{"spec": {"maxUnavailable": 7}}')

    assert live.changes("--refresh") == {
        f"kubernetes:apps/v1:Deployment::{IRIS}": "update",
        "kubernetes:core/v1:Service::digits-classifier": "create",
        f"kubernetes:policy/v1:PodDisruptionBudget::{IRIS}": "update",
    }

    live.up("--refresh")

    assert live.changes("--refresh") == {}
    assert get("pdb", IRIS, live.namespace)["spec"]["maxUnavailable"] == 1
    assert (
        get("deployment", IRIS, live.namespace)["metadata"]["labels"]["app.kubernetes.io/managed-by"]
        == "axon"
    )


def test_the_autoscalers_count_is_no_change(live: Stack) -> None:
    live.settings["models"][IRIS]["autoscaling"] = {"min_replicas": 2, "max_replicas": 2}
    live.up()
    kubectl(
        "wait",
        f"deployment/{IRIS}",
        "-n",
        live.namespace,
        "--for=jsonpath={.status.readyReplicas}=2",
        "--timeout=300s",
    )

    live.pulumi("refresh", "--yes")

    assert live.changes() == {}


def test_a_wrong_stack_file_stops_before_anything_is_registered(live: Stack) -> None:
    live.settings["models"][IRIS]["compute"] = {"cpu": "200mm"}
    before = live.state()

    run = live.pulumi("up", "--yes", "--skip-preview", check=False)
    output = run.stdout + run.stderr

    assert run.returncode != 0
    line = f"stacks/Pulumi.{live.name}.yaml:"
    assert f'axon:models.{IRIS}.compute.cpu: "200mm" is not a Kubernetes quantity (try 200m)' in output
    assert line in output
    assert "Traceback" not in output
    assert before.count('"urn"') == live.state().count('"urn"')
    live.settings["models"][IRIS].pop("compute")


def test_the_state_holds_no_secret_in_plain_text(deployed: Stack) -> None:
    state = deployed.state()
    user = json.loads(kubectl("config", "view", "--minify", "--raw", "--flatten", "-o", "json"))["users"][0][
        "user"
    ]
    credentials = [str(value) for value in user.values()]
    decoded = [base64.b64decode(value).decode() for key, value in user.items() if key.endswith("-data")]
    certificates = kubectl("get", "secrets", "-A", "-o", "jsonpath={.items[*].data.tls\\.key}").split()
    secrets = [*credentials, *decoded, *certificates]

    # Not `secret not in state`: pytest would compare megabytes to explain it.
    found = [secret[:8] for secret in [*secrets, "-----BEGIN", "client-key-data"] if secret in state]
    assert credentials
    assert found == []
