"""Inference requests as clients of other servers write them, and as attackers do."""

import gzip
import json
import resource
import time
import zlib
from pathlib import Path
from typing import Any

import httpx
import joblib
import numpy as np
import pandas as pd
import pytest
import tritonclient.http as triton
from axon_runtime.encodings import decoded_body
from axon_runtime.errors import BadInputError
from axon_runtime.estimators import load_sklearn
from axon_runtime.saved import SavedModel
from axon_runtime.tensors import ProtocolError
from sklearn.linear_model import LinearRegression, LogisticRegression

from tests_of_runtime.asking import asked, inferred, predicted, run, service_of, tensor
from tests_of_runtime.servers import replica

CHANCE = np.random.default_rng(0)
FRAME = pd.DataFrame({"a": CHANCE.normal(size=200), "b": CHANCE.normal(size=200)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("linear")
    joblib.dump(LinearRegression().fit(FRAME, 10 * FRAME.a + FRAME.b), made / "model.joblib")
    return made


@pytest.fixture(scope="module")
def model(folder: Path) -> SavedModel:
    return load_sklearn(folder)


def test_a_frame_as_mlserver_encodes_it(model: SavedModel) -> None:
    # mlserver.codecs.PandasCodec.encode_request(frame).model_dump(): each unset key is null.
    column = {"parameters": {"content_type": None, "headers": None}, "datatype": "FP64"}
    body = {
        "id": None,
        "parameters": {"content_type": "pd", "headers": None},
        "inputs": [
            {**column, "name": "b", "shape": [2, 1], "data": [2.0, 3.0]},
            {**column, "name": "a", "shape": [2, 1], "data": [1.0, 1.0], "parameters": None},
        ],
        "outputs": None,
    }

    answer = run(model, service_of(model).infer(asked(body)))

    (output,) = answer["outputs"]
    np.testing.assert_allclose(output["data"], [12, 13])
    assert "id" not in answer


def test_rows_as_kserve_sends_them(model: SavedModel) -> None:
    by_name = predicted(model, [{"b": 2.0, "a": 1.0}, {"a": 1, "b": 3}])
    by_place = predicted(model, [[1.0, 2.0], [1, 3]], signature_name="ignored")
    tensor_of_rows = inferred(model, tensor("input-0", "FP32", [1.0, 2.0, 1.0, 3.0], [2, 2]))

    for found in (by_name, by_place, tensor_of_rows["predictions"]["data"]):
        np.testing.assert_allclose(found, [12, 13])


@pytest.mark.parametrize("inputs", [["a"], ["a", "c"], ["a", "b", "c"]])
def test_columns_that_the_model_has_not_are_refused(model: SavedModel, inputs: list[str]) -> None:
    with pytest.raises(BadInputError, match="inputs: the model takes a, b, each once"):
        inferred(model, *[tensor(name, "FP64", [1.0]) for name in inputs])


@pytest.mark.parametrize("algorithm", [None, "gzip", "deflate"])
@pytest.mark.parametrize("binary", [True, False])
def test_columns_of_a_standard_client_go_by_name(folder: Path, binary: bool, algorithm: Any) -> None:
    inputs: list[Any] = []
    for name, values in (("b", [2.0, 3.0]), ("a", [1.0, 1.0])):
        given = triton.InferInput(name, [2], "FP64")
        given.set_data_from_numpy(np.array(values), binary_data=binary)
        inputs.append(given)
    body, length = triton.InferenceServerClient.generate_request_body(inputs)
    headers = {"inference-header-content-length": str(length)} if length else {}
    packed = {None: bytes, "gzip": gzip.compress, "deflate": zlib.compress}[algorithm](body)
    model = load_sklearn(folder)

    call = service_of(model).infer(asked(decoded_body(packed, algorithm or "", 10_000), headers))
    answer = call.encode(model.predict([call.input])[0])

    sent = dict(answer.headers).get(b"inference-header-content-length")
    parsed = triton.InferenceServerClient.parse_response_body(
        answer.body, header_length=int(sent) if sent else None
    )
    found = parsed.as_numpy("predictions")
    assert found is not None
    np.testing.assert_allclose(found, [12, 13])


def refused(model: SavedModel, body: Any, headers: Any = None) -> str:
    with pytest.raises((BadInputError, ProtocolError)) as error:
        run(model, service_of(model).infer(asked(body, headers)))
    assert len(str(error.value)) < 300
    assert "secret" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    "changed",
    [
        {"shape": [2**62] * 40_000},
        {"shape": [2**62] * 64},
        {"shape": [0] + [2**62] * 63},
        {"shape": [2**63]},
        {"shape": [-1, 2]},
        {"shape": [1] * 65},
        {"shape": [1.5]},
        {"shape": None},
        {"datatype": "secret" * 1000},
        {"datatype": "FP64", "data": ["secret"] * 2},
        {"data": "secret"},
        {"data": {"secret": 1}},
        {"data": None},
        {"data": [1, {"secret": 1}]},
        {"data": [True, 1]},
        {"datatype": "INT8", "data": [1, 1000]},
        {"datatype": "INT8", "data": [1, 1.5]},
        {"datatype": "INT8", "data": [1, None]},
        {"datatype": "FP32", "data": [1, 1e39]},
        {"datatype": "FP16", "data": [1, 10**400]},
        {"datatype": "BF16"},
        {"datatype": "UINT64", "data": [-1, 2**64 - 1]},
        {"datatype": "BYTES", "data": [1, "secret"]},
        {"name": "secret" * 1000, "shape": [3, 1]},
        {"parameters": {"binary_data_size": 2**70}},
        {"parameters": {"binary_data_size": "secret"}},
        {"data": [[1]] * 3},
    ],
    ids=lambda changed: str(changed)[:40],
)
def test_a_wrong_tensor_is_refused_at_once_and_shortly(model: SavedModel, changed: Any) -> None:
    given = {"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [1, 2], **changed}
    start = time.perf_counter()

    refused(model, {"inputs": [given]})

    assert time.perf_counter() - start < 1


def test_outputs_and_inputs_are_each_asked_for_once(model: SavedModel) -> None:
    given = tensor("x", "FP64", [1, 2], [1, 2])

    many = [{"name": "predict"}] * 25_000
    assert refused(model, {"inputs": [given], "outputs": many}) == "outputs: each can be asked for once"
    both = [{"name": "predict"}, {"name": "predictions"}]
    assert refused(model, {"inputs": [given], "outputs": both}) == "outputs: each can be asked for once"
    assert refused(model, {"inputs": [given, given]}) == "inputs: two have the same name"


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "1e3", "x", "²", "10000"])
def test_a_length_of_the_header_that_cannot_be_is_refused(model: SavedModel, length: str) -> None:
    given = {"inputs": [tensor("x", "FP64", [1, 2], [1, 2])]}

    service = service_of(model)
    request = asked(given)
    request = type(request)(
        {"headers": [(b"inference-header-content-length", length.encode("latin-1"))], "query_string": b""},
        request.body,
    )
    with pytest.raises(ProtocolError) as error:
        service.infer(request)
    assert len(str(error.value)) < 100


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"\xff", b'{"inputs": ' + b"[" * 1000, b"", b"null", b"NaN"]
)
def test_bodies_that_are_no_request_are_refused(model: SavedModel, body: bytes) -> None:
    refused(model, body)


def test_texts_of_different_lengths_take_no_more_memory_than_they_have(tmp_path: Path) -> None:
    joblib.dump(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), tmp_path / "model.joblib")
    model = load_sklearn(tmp_path)
    texts = ["a" * 12_000, *["b"] * 20_000]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(BadInputError, match="row 0, column 0: it is text"):
        predicted(model, [[text] for text in texts])
    with pytest.raises(BadInputError, match=r"the shape is \[1, 20001\]"):
        predicted(model, [texts])
    refused(model, {"inputs": [tensor("x", "BYTES", texts, [20_001, 1])]})
    refused(model, {"inputs": [tensor("x", "FP64", texts, [20_001, 1])]})

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


def test_a_replica_answers_a_standard_client_and_goes_on_after_an_attack(folder: Path) -> None:
    with replica("sklearn", folder) as made:
        path = f"{made.url}/v2/models/{made.name}/infer"
        for body in ({"inputs": [tensor("x", "FP64", [1, 2], [2**62] * 40_000)]}, {"inputs": 1}, []):
            answer = httpx.post(path, json=body, timeout=30)
            assert (answer.status_code, list(answer.json())) == (400, ["error"])
        deep = httpx.post(made.url, content=b'{"instances": ' + b"[" * 1000 + b"]" * 1000 + b"}")
        assert deep.status_code == 400
        described = json.loads(httpx.get(f"{made.url}/v2/models/{made.name}").text)
        assert described["inputs"] == [
            {"name": "a", "datatype": "FP64", "shape": [-1, 1]},
            {"name": "b", "datatype": "FP64", "shape": [-1, 1]},
        ]
        np.testing.assert_allclose(made.post({"instances": [{"b": 2, "a": 1}]})["predictions"], [12])
