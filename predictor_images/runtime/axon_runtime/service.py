"""What a model does with a request, whichever way it came: Cortex's `POST /` or the inference protocol."""

from collections.abc import Mapping, Sequence
from contextvars import copy_context
from typing import Any, Protocol
from urllib.parse import parse_qsl

import msgspec
import numpy as np

from axon_runtime import answer, payload
from axon_runtime.executor import Executor
from axon_runtime.http import JSON, Answer, Scope, header
from axon_runtime.saved import BadInputError, Rows, SavedModel
from axon_runtime.tensors import Tensor, datatype_of
from axon_runtime.tracker import Tracker
from axon_runtime.user import UserPredictor
from axon_runtime.v2 import ProtocolError

Described = Sequence[tuple[str, str, list[int]]]
"""Name, datatype and shape of each tensor; -1 where any number goes."""


class Request:
    """A request to `POST /`; a saved model needs no more than its body."""

    __slots__ = ("_scope", "body")

    def __init__(self, scope: Scope, body: bytes) -> None:
        self._scope, self.body = scope, body

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
    """A loaded model."""

    platform: str
    inputs: Described
    outputs: Described
    executor: Executor
    tracker: Tracker | None
    """Who counts its predictions."""

    async def answer(self, request: Request) -> Answer:
        """Answer `POST /`."""
        ...

    async def infer(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Answer an inference request."""
        ...


class _Instances(msgspec.Struct):
    instances: list[Any]


_instances = msgspec.json.Decoder(_Instances)


class RowsService:
    """A saved model: rows in, a prediction a row out."""

    tracker: Tracker | None = None

    def __init__(self, model: SavedModel, executor: Executor) -> None:
        self.executor = executor
        self.platform = model.platform
        self.inputs: Described = [("instances", "FP64", [-1, model.features or -1])]
        self.outputs: Described = [("predictions", "FP64", [-1])]

    async def answer(self, request: Request) -> Answer:
        """Take `{"instances": [...]}` and answer `{"predictions": [...]}`."""
        try:
            instances = _instances.decode(request.body).instances
        except msgspec.DecodeError as error:
            raise BadInputError(f'the body must be {{"instances": [...]}}: {error}') from None
        predictions = await self._predict(_rows(instances))
        return Answer(200, msgspec.json.encode({"predictions": predictions.tolist()}), [JSON])

    async def infer(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Take one tensor of rows, or one column a tensor."""
        rows = inputs[0].data if len(inputs) == 1 else _columns(inputs)
        if rows.ndim < 2 or not len(rows):
            raise ProtocolError(f"{inputs[0].name} has shape {list(rows.shape)}: rows of features are wanted")
        predictions = np.asarray(await self._predict(rows))
        return [_tensor("predictions", predictions)]

    async def _predict(self, rows: Rows) -> Any:
        predictions = await self.executor.submit(rows)
        if self.tracker:
            self.tracker.predicted(predictions)
        return predictions


class UserService:
    """A class of the user's."""

    platform = "python"
    inputs: Described = ()
    outputs: Described = ()

    tracker: Tracker | None = None

    def __init__(self, predictor: UserPredictor, executor: Executor) -> None:
        self._predictor, self.executor = predictor, executor

    async def answer(self, request: Request) -> Answer:
        """Give the decoded body to the predictor, and encode what it returns."""
        given = payload.decode(request.body, request.content_type)
        status, headers, body = answer.encode(await self._call(given, request.query_params, request.headers))
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        return Answer(status, body, pairs)

    async def infer(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Give the tensors by name, and take an array, or arrays by name."""
        result = await self._call({tensor.name: tensor.data for tensor in inputs}, {}, {})
        named = result if isinstance(result, dict) else {"predictions": result}
        return [_tensor(str(name), np.asarray(value)) for name, value in named.items()]

    async def _call(self, given: Any, query: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        result = await self._run(given, query, headers)
        if self.tracker:
            self.tracker.answered(result)
        return result

    async def _run(self, given: Any, query: Mapping[str, str], headers: Mapping[str, str]) -> Any:
        if self._predictor.is_async:
            return await self._predictor.acall(given, query, headers)
        # The request's own context goes with it into a thread: what is traced there belongs to its trace.
        return await self.executor.submit((copy_context(), given, query, headers))


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
