"""The inference protocol, through Triton's own client, which knows nothing of axon."""

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from axon_runtime import v2
from axon_runtime.tensors import Tensor, datatype_of
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tritonclient.utils import InferenceServerException

from tests_of_runtime.servers import PROJECT, Replica, replica

KINDS = {"iris": "sklearn", "digits": "onnx"}
FEATURES = {"iris": 4, "digits": 64}
DTYPES = [np.bool_, np.uint8, np.uint16, np.uint32, np.uint64, np.int8, np.int16, np.int32, np.int64]
DTYPES += [np.float16, np.float32, np.float64]


@pytest.fixture(scope="module", params=sorted(KINDS))
def served(request: pytest.FixtureRequest) -> Iterator[Replica]:
    with replica(KINDS[request.param], PROJECT / "predictors" / request.param) as made:
        yield made


@pytest.fixture
def client(served: Replica) -> triton.InferenceServerClient:
    return triton.InferenceServerClient(f"127.0.0.1:{served.port}")


def test_health_and_metadata_are_what_a_client_expects(
    served: Replica, client: triton.InferenceServerClient
) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(served.name)
    described = client.get_model_metadata(served.name)
    assert described["name"] == served.name
    assert described["inputs"][0]["shape"] == [-1, FEATURES[served.name]]


def test_a_client_may_name_the_models_version(served: Replica, client: triton.InferenceServerClient) -> None:
    (version,) = client.get_model_metadata(served.name)["versions"]
    given = triton.InferInput("rows", [1, FEATURES[served.name]], "FP32")
    given.set_data_from_numpy(np.ones((1, FEATURES[served.name]), np.float32))

    assert client.is_model_ready(served.name, version)
    assert client.get_model_metadata(served.name, version) == client.get_model_metadata(served.name)
    answer = client.infer(served.name, [given], model_version=version)
    assert answer.get_response()["model_version"] == version
    (output, *_) = answer.get_response()["outputs"]
    assert listed(answer, output["name"]) == listed(client.infer(served.name, [given]), output["name"])


def test_a_version_that_there_is_not_is_not_found(
    served: Replica, client: triton.InferenceServerClient
) -> None:
    assert not client.is_model_ready(served.name, "7")
    for path in ("versions/7", "versions/7/infer", "versions/7/ready", "versions", "notinfer"):
        answer = httpx.post(f"{served.url}/v2/models/{served.name}/{path}", json={})
        assert (answer.status_code, list(answer.json())) == (404, ["error"])
    with pytest.raises(InferenceServerException, match=r"no such version \(there is .*/versions/1\)"):
        client.get_model_metadata(served.name, "7")


@pytest.mark.parametrize("binary", [True, False])
def test_a_client_gets_what_the_model_gives_in_this_process(
    served: Replica, client: triton.InferenceServerClient, binary: bool
) -> None:
    rows = np.random.default_rng(0).uniform(0, 8, (5, FEATURES[served.name])).astype(np.float32)
    given = triton.InferInput("rows", list(rows.shape), "FP32")
    given.set_data_from_numpy(rows, binary_data=binary)
    wanted = triton.InferRequestedOutput("predictions", binary_data=binary)

    answer = client.infer(served.name, [given], outputs=[wanted], request_id="seven")

    assert answer.get_response()["id"] == "seven"
    assert listed(answer, "predictions") == expected(served.name, rows).tolist()


def expected(name: str, rows: Any) -> Any:
    import joblib
    import onnxruntime

    folder = PROJECT / "predictors" / name
    if KINDS[name] == "sklearn":
        return joblib.load(folder / "model.joblib").predict(rows)
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    return session.run(None, {session.get_inputs()[0].name: rows})[0]


def listed(answer: triton.InferResult, name: str) -> list[Any]:
    array = answer.as_numpy(name)
    assert array is not None
    return array.tolist()


def test_a_wrong_request_is_the_clients_error(served: Replica, client: triton.InferenceServerClient) -> None:
    rows = np.zeros((2, 3), np.float32)
    given = triton.InferInput("rows", [2, 3], "FP32")
    given.set_data_from_numpy(rows)

    with pytest.raises(triton.InferenceServerException) as error:
        client.infer(served.name, [given])

    assert error.value.status() == "400"


@given(st.data())
@settings(max_examples=200)
def test_tensors_come_back_as_they_went(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from(DTYPES))
    floats = np.dtype(dtype).kind == "f"
    elements = (
        arrays.from_dtype(np.dtype(dtype), allow_nan=False, allow_infinity=False)
        if floats
        else arrays.from_dtype(np.dtype(dtype))
    )
    array = data.draw(
        arrays.arrays(
            dtype,
            arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4),
            elements=elements,
        )
    )
    binary = data.draw(st.booleans())
    given_ = triton.InferInput("x", list(array.shape), datatype_of(array.dtype))
    given_.set_data_from_numpy(array, binary_data=binary)
    body, length = triton.InferenceServerClient.generate_request_body([given_])

    (tensor,) = v2.decode_request(body, length).inputs
    answer, headers = v2.encode_response("m", None, [tensor], [], binary)

    parsed = triton.InferenceServerClient.parse_response_body(
        answer, header_length=int(headers.get("inference-header-content-length", len(answer)))
    )
    assert tensor.data.tolist() == array.tolist()
    assert listed(parsed, "x") == array.tolist()


def test_integers_of_64_bits_stand_beside_smaller_ones() -> None:
    def decode(values: str) -> list[int]:
        entry = b'{"name": "x", "shape": [2], "datatype": "UINT64", "data": %b}' % values.encode()
        return v2.decode_request(b'{"inputs": [%b]}' % entry, None).inputs[0].data.tolist()

    assert decode("[0, 18446744073709551615]") == [0, 2**64 - 1]
    for wrong in ("[-1, 18446744073709551615]", "[0, 18446744073709551616]", "[0, 1.5]"):
        with pytest.raises(v2.ProtocolError):
            decode(wrong)


@given(st.lists(st.binary(max_size=9), max_size=5))
def test_bytes_come_back_as_they_went(items: list[bytes]) -> None:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    given_ = triton.InferInput("x", [len(items)], "BYTES")
    given_.set_data_from_numpy(array)
    body, length = triton.InferenceServerClient.generate_request_body([given_])

    (tensor,) = v2.decode_request(body, length).inputs

    assert tensor.data.tolist() == items


@given(st.binary(), st.none() | st.integers(0, 50))
def test_no_body_raises_anything_but_the_protocols_error(body: bytes, length: int | None) -> None:
    with contextlib.suppress(v2.ProtocolError):
        v2.decode_request(body, length)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda c: st.lists(c), max_leaves=8
)


@given(
    st.lists(st.integers(-2, 5), max_size=4),
    st.sampled_from(["FP32", "INT8", "BOOL", "BYTES", "BF16", "X"]),
    JSON,
)
def test_no_tensor_raises_anything_but_the_protocols_error(
    shape: list[int], datatype: str, values: Any
) -> None:
    import msgspec

    entry = {"name": "x", "shape": shape, "datatype": datatype, "data": values}
    with contextlib.suppress(v2.ProtocolError):
        v2.decode_request(msgspec.json.encode({"inputs": [entry]}), None)


def test_what_json_cannot_say_is_asked_for_as_binary() -> None:
    tensor = Tensor("x", "FP32", np.array([np.nan], np.float32))

    with pytest.raises(v2.ProtocolError, match="ask for binary data"):
        v2.encode_response("m", None, [tensor], [], binary_default=False)


def test_an_output_that_there_is_not_is_named() -> None:
    tensor = Tensor("predictions", "FP32", np.zeros(1, np.float32))

    with pytest.raises(v2.ProtocolError, match=r"outputs: one is not the model's, which has predictions"):
        v2.encode_response("m", None, [tensor], [v2.Wanted("label", None)], binary_default=False)
