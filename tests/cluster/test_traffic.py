"""Real requests, through the gateway, to real replicas."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import joblib
import numpy as np
import onnxruntime
import pytest
import tritonclient.http as triton
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


def by_sklearn(rows: Any) -> Any:
    return joblib.load(PREDICTORS / "iris/model.joblib").predict(rows).tolist()


def by_onnx_runtime(rows: Any) -> Any:
    session = onnxruntime.InferenceSession(PREDICTORS / "digits/model.onnx")
    found: Any = session.run(None, {session.get_inputs()[0].name: rows.astype(np.float32)})[0]
    return found.tolist()


@pytest.mark.parametrize(
    ("model", "here", "data"),
    [("iris-classifier", by_sklearn, load_iris), ("digits-classifier", by_onnx_runtime, load_digits)],
)
def test_predictions_are_what_the_framework_gives_here(
    deployed: Stack, model: str, here: Callable[[Any], Any], data: Any
) -> None:
    instances = data().data
    expected = here(instances)

    answer = ask(deployed.endpoints()[model], {"instances": instances.tolist()})

    assert answer.status_code == 200
    assert answer.json() == {"predictions": expected}


def test_a_class_of_ones_own_answers_with_its_config(deployed: Stack) -> None:
    answer = ask(deployed.endpoints()["species"], {"petal_length": 4.4})

    assert answer.json() == {"species": "versicolor"}


def test_a_standard_client_of_the_inference_protocol_works_through_the_gateway(deployed: Stack) -> None:
    url = urlsplit(deployed.endpoints()["iris-classifier"])
    client = triton.InferenceServerClient(f"{url.netloc}{url.path}")
    rows = triton.InferInput("rows", [2, 4], "FP64")
    rows.set_data_from_numpy(np.array([[5.1, 3.5, 1.4, 0.2], [6.6, 3.0, 4.4, 1.4]]))

    answer = client.infer("iris-classifier", [rows]).as_numpy("predictions")

    assert client.is_server_ready()
    assert answer is not None
    assert answer.tolist() == [0, 1]


def test_a_wrong_request_reaches_the_client_as_its_error(deployed: Stack) -> None:
    answer = ask(deployed.endpoints()["iris-classifier"], {"instances": [[1.0]]})

    assert answer.status_code == 400
    assert "features" in answer.json()["error"]


def test_the_autoscaler_reads_cpu(deployed: Stack) -> None:
    deadline = time.monotonic() + 120
    current: list[dict[str, Any]] = []
    while not current and time.monotonic() < deadline:
        autoscaler = get("hpa", "digits-classifier", deployed.namespace)
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
