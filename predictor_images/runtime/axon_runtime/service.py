"""What a model does with a request, whichever way it came: Cortex's `POST /` or the inference protocol."""

from collections.abc import Mapping, Sequence
from contextvars import copy_context
from typing import Any, Protocol
from urllib.parse import parse_qsl

import msgspec
import numpy as np

from axon_runtime import answer, payload, v2
from axon_runtime.call import Call
from axon_runtime.executor import Executor
from axon_runtime.http import JSON, Answer, Scope, header
from axon_runtime.saved import BadInputError, Rows, SavedModel
from axon_runtime.tensors import Tensor, datatype_of
from axon_runtime.tracker import Tracker
from axon_runtime.v2 import ProtocolError

Described = Sequence[tuple[str, str, list[int]]]
"""Name, datatype and shape of each tensor; -1 where any number goes."""


class Request:
    """A request for a prediction; a saved model needs no more than its body."""

    __slots__ = ("_scope", "body")

    def __init__(self, scope: Scope, body: bytes) -> None:
        self._scope, self.body = scope, body

    def header(self, name: bytes) -> str | None:
        """Return a header by its lower-case name."""
        return header(self._scope["headers"], name)

    @property
    def content_type(self) -> str | None:
        """The content type, if there is one."""
        return header(self._scope["headers"], b"content-type")

    @property
    def query_params(self) -> dict[str, str]:
        """What follows `?`; of a name that stands twice, the last."""
        return dict(parse_qsl(self._scope["query_string"].decode("latin-1"), keep_blank_values=True))

    @property
    def headers(self) -> dict[str, str]:
        """The headers, by lower-case name."""
        pairs = self._scope["headers"]
        return {key.decode("latin-1"): value.decode("latin-1") for key, value in pairs}


class Service(Protocol):
    """A loaded model: it decodes requests into calls, which its executor runs."""

    platform: str
    inputs: Described
    outputs: Described
    executor: Executor
    tracker: Tracker | None
    """Counts its predictions."""

    def predict(self, request: Request) -> Call:
        """Decode a request to `POST /`.

        Raises:
            BadInputError, PayloadError: when the client sent what the model does not take.
        """
        ...

    def infer(self, request: Request) -> Call:
        """Decode an inference request.

        Raises:
            BadInputError, ProtocolError: when the client sent what the model does not take.
        """
        ...


class _Instances(msgspec.Struct):
    instances: list[Any]


_instances = msgspec.json.Decoder(_Instances)


class RowsService:
    """A saved model: rows in, a prediction a row out."""

    tracker: Tracker | None = None

    def __init__(self, name: str, model: SavedModel, executor: Executor) -> None:
        self._name, self.executor = name, executor
        self.platform = model.platform
        self.inputs: Described = [("instances", "FP64", [-1, model.features or -1])]
        self.outputs: Described = [("predictions", "FP64", [-1])]

    def predict(self, request: Request) -> Call:
        """Take `{"instances": [...]}` and answer `{"predictions": [...]}`."""
        try:
            instances = _instances.decode(request.body).instances
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadInputError(f'the body must be {{"instances": [...]}}: {error}') from None
        rows = _rows(instances)

        def encode(predictions: Any) -> Answer:
            self._count(predictions)
            return Answer(200, msgspec.json.encode({"predictions": predictions.tolist()}), [JSON])

        return Call(rows, len(rows), encode)

    def infer(self, request: Request) -> Call:
        """Take one tensor of rows, or one column a tensor."""
        asked = _inference(request)
        inputs = asked.inputs
        rows = inputs[0].data if len(inputs) == 1 else _columns(inputs)
        if rows.ndim < 2 or not len(rows):
            raise ProtocolError(f"{inputs[0].name} has shape {list(rows.shape)}: rows of features are wanted")

        def encode(predictions: Any) -> Answer:
            self._count(predictions)
            return _inferred(self._name, asked, [_tensor("predictions", np.asarray(predictions))])

        return Call(rows, len(rows), encode)

    def _count(self, predictions: Any) -> None:
        if self.tracker:
            self.tracker.predicted(predictions)


class UserService:
    """A class of the user's."""

    platform = "python"
    inputs: Described = ()
    outputs: Described = ()

    tracker: Tracker | None = None

    def __init__(self, name: str, executor: Executor) -> None:
        self._name, self.executor = name, executor

    def predict(self, request: Request) -> Call:
        """Give the decoded body to the predictor, and encode what it returns."""
        given = payload.decode(request.body, request.content_type)

        def encode(result: Any) -> Answer:
            self._count(result)
            status, headers, body = answer.encode(result)
            pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
            return Answer(status, body, pairs)

        return Call(_input(given, request.query_params, request.headers), 1, encode)

    def infer(self, request: Request) -> Call:
        """Give the tensors by name, and take an array, or arrays by name."""
        asked = _inference(request)

        def encode(result: Any) -> Answer:
            self._count(result)
            named = result if isinstance(result, dict) else {"predictions": result}
            tensors = [_tensor(str(name), np.asarray(value)) for name, value in named.items()]
            return _inferred(self._name, asked, tensors)

        given = {tensor.name: tensor.data for tensor in asked.inputs}
        return Call(_input(given, {}, {}), 1, encode)

    def _count(self, result: Any) -> None:
        if self.tracker:
            self.tracker.answered(result)


def _input(given: Any, query: Mapping[str, str], headers: Mapping[str, str]) -> Any:
    """Return what a predictor is called with, in the request's own context: traces belong to it."""
    return copy_context(), given, query, headers


def _inference(request: Request) -> v2.InferRequest:
    length = request.header(b"inference-header-content-length")
    if length is not None and not (length.isdecimal() and len(length) < 20):
        raise ProtocolError("Inference-Header-Content-Length is not a number of bytes")
    return v2.decode_request(request.body, int(length) if length else None)


def _inferred(name: str, asked: v2.InferRequest, outputs: Sequence[Tensor]) -> Answer:
    binary = bool(asked.parameters.get("binary_data_output"))
    data, headers = v2.encode_response(name, asked.id, outputs, asked.outputs, binary)
    return Answer(200, data, [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()])


def _rows(instances: list[Any]) -> Rows:
    if not instances:
        raise BadInputError("instances is empty: one entry an example")
    try:
        rows = np.asarray(instances)
    except ValueError:
        raise BadInputError("instances differ in shape: each needs the same features") from None
    if rows.dtype.kind == "O":
        raise BadInputError("instances hold what is neither number nor text")
    return rows


def _columns(inputs: Sequence[Tensor]) -> Rows:
    try:
        return np.column_stack([tensor.data for tensor in inputs])
    except ValueError as error:
        raise ProtocolError(f"the inputs are not columns of one table: {error}") from None


def _tensor(name: str, data: Rows) -> Tensor:
    if data.dtype.kind in "US":
        data = np.array([str(item).encode() for item in data.ravel()], dtype=object).reshape(data.shape)
    return Tensor(name, datatype_of(data.dtype), data)
