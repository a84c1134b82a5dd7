"""Real requests, through the gateway, to real replicas."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import joblib
import pytest
from sklearn.datasets import load_digits, load_iris

from tests.stacks import Stack, get, kubectl

pytestmark = pytest.mark.cluster
PREDICTORS = Path(__file__).parents[2] / "predictors"


def ask(url: str, body: dict[str, Any]) -> httpx.Response:
    """Ask, and again while the gateway has not learnt the route yet."""
    deadline = time.monotonic() + 30
    while True:
        answer = httpx.post(url, json=body, timeout=30)
        if answer.status_code != 404 or time.monotonic() > deadline:
            return answer
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("model", "folder", "data"),
    [("iris-classifier", "iris", load_iris), ("digits-classifier", "digits", load_digits)],
)
def test_predictions_are_scikit_learns_own(deployed: Stack, model: str, folder: str, data: Any) -> None:
    instances = data().data
    expected = joblib.load(PREDICTORS / folder / "model.joblib").predict(instances).tolist()

    answer = ask(deployed.endpoints()[model], {"instances": instances.tolist()})

    assert answer.status_code == 200
    assert answer.json() == {"predictions": expected}


def test_a_wrong_request_reaches_the_client_as_its_error(deployed: Stack) -> None:
    answer = ask(deployed.endpoints()["iris-classifier"], {"instances": [[1.0]]})

    assert answer.status_code == 400
    assert "features" in answer.json()["error"]


def test_the_autoscaler_reads_cpu(deployed: Stack) -> None:
    deadline = time.monotonic() + 120
    current: list[dict[str, Any]] = []
    while not current and time.monotonic() < deadline:
        autoscaler = get("hpa", "iris-classifier", deployed.namespace)
        current = [m for m in autoscaler["status"].get("currentMetrics") or [] if m.get("resource")]
        time.sleep(0.5)

    assert current, kubectl("describe", "hpa", "-n", deployed.namespace)
    assert "averageUtilization" in current[0]["resource"]["current"]


def test_a_killed_replica_comes_back(deployed: Stack) -> None:
    label = ("-n", deployed.namespace, "-l", "app.kubernetes.io/name=iris-classifier")
    before = kubectl("get", "pods", *label, "-o", "jsonpath={.items[*].metadata.uid}").split()

    kubectl("delete", "pod", *label, "--grace-period=1", "--wait=true")
    kubectl("rollout", "status", "deployment/iris-classifier", "-n", deployed.namespace, "--timeout=90s")

    after = kubectl("get", "pods", *label, "-o", "jsonpath={.items[*].metadata.uid}").split()
    assert not set(before) & set(after)
    sample = json.loads((PREDICTORS / "iris/sample.json").read_text())
    assert ask(deployed.endpoints()["iris-classifier"], sample).status_code == 200


def test_a_replica_is_not_root_and_cannot_write_its_root(deployed: Stack) -> None:
    script = "import os; print(os.getuid()); open('/etc/x', 'w')"
    inside = ("exec", "deploy/iris-classifier", "-n", deployed.namespace, "--", "python", "-c")

    assert kubectl(*inside, "import os; print(os.getuid())") == "65532\n"
    with pytest.raises(AssertionError, match="Read-only file system"):
        kubectl(*inside, script)
