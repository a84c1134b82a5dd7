"""Services that process a model's requests, from Cortex's `POST /` or the inference protocol."""

from collections.abc import Mapping, Sequence
from contextvars import copy_context
from typing import Any, Protocol
from urllib.parse import parse_qsl

import msgspec

from axon_runtime import answer, json_text, payload, v2
from axon_runtime.call import Call
from axon_runtime.executor import Executor
from axon_runtime.http import JSON, Answer, Scope, header
from axon_runtime.outputs import named, plain
from axon_runtime.plain import json_of
from axon_runtime.saved import Asked, BadInputError, Described, SavedModel, Tensors
from axon_runtime.specs import decoder
from axon_runtime.tensors import Tensor
from axon_runtime.tracker import Tracker
from axon_runtime.v2 import ProtocolError


class Request:
    """Prediction request; a saved model uses only its body."""

    __slots__ = ("_scope", "body")

    def __init__(self, scope: Scope, body: bytes) -> None:
        self._scope, self.body = scope, body

    def header(self, name: bytes) -> str | None:
        """Return a header by its lower-case name."""
        return header(self._scope["headers"], name)

    @property
    def content_type(self) -> str | None:
        """Content type, if the request has one."""
        return header(self._scope["headers"], b"content-type")

    @property
    def query_params(self) -> dict[str, str]:
        """Query parameters; for a repeated name, the last value."""
        return dict(parse_qsl(self._scope["query_string"].decode("latin-1"), keep_blank_values=True))

    @property
    def headers(self) -> dict[str, str]:
        """Headers by lower-case name."""
        pairs = self._scope["headers"]
        return {key.decode("latin-1"): value.decode("latin-1") for key, value in pairs}


class Service(Protocol):
    """A loaded model: it decodes requests into calls, which its executor runs."""

    platform: str
    inputs: Described
    outputs: Described
    executor: Executor
    tracker: Tracker | None
    """Tracker of the model's predictions."""

    def predict(self, request: Request) -> Call:
        """Decode a request to `POST /`.

        Raises:
            BadInputError, PayloadError: when the request is not valid input of the model.
        """
        ...

    def infer(self, request: Request) -> Call:
        """Decode an inference request.

        Raises:
            BadInputError, ProtocolError: when the request is not valid input of the model.
        """
        ...


class _Instances(msgspec.Struct):
    instances: list[Any]
    outputs: list[str] | None = None


class RowsService:
    """Service of a saved model: rows as input, one prediction per row."""

    tracker: Tracker | None = None

    def __init__(self, name: str, model: SavedModel, executor: Executor) -> None:
        self._name, self._model, self.executor = name, model, executor
        self.platform = model.platform
        self._reader, self._default = model.reader, model.default
        self.inputs, self.outputs = model.reader.inputs, model.outputs
        self._typed = decoder(model.reader.row) if model.reader.row else None

    def predict(self, request: Request) -> Call:
        """Decode `{"instances": [...]}` and respond with `{"predictions": [...]}`, or the requested
        `outputs`.
        """
        tensors, wanted = self._decoded(request.body)
        if wanted is None:
            return Call(Asked(tensors, self._default), _rows(tensors), self._predictions)

        names = self._model.named(wanted)

        def encode(results: Any) -> Answer:
            self._count(names, results)
            return _json({"outputs": dict(zip(wanted, map(plain, results), strict=True))})

        return Call(Asked(tensors, names), _rows(tensors), encode)

    def infer(self, request: Request) -> Call:
        """Decode one tensor of rows, or inputs by name."""
        asked = _inference(request)
        tensors = self._reader.tensors(asked.inputs)
        model = self._model
        wanted = [output.name for output in asked.outputs] or list(model.chosen or _names(model.outputs))
        names = model.named(wanted)

        def encode(results: Any) -> Answer:
            self._count(names, results)
            parts = [named(name, result) for name, result in zip(wanted, results, strict=True)]
            # A DataFrame is several tensors, each sent in the form that was requested for the whole.
            chosen = [
                v2.Wanted(part.name, output.binary)
                for output, own in zip(asked.outputs, parts, strict=False)
                for part in own
            ]
            return _inferred(self._name, asked, [part for own in parts for part in own], chosen)

        return Call(Asked(tensors, names), _rows(tensors), encode)

    def _decoded(self, body: bytes) -> tuple[Tensors, list[str] | None]:
        """Return the tensors of a body: directly if all its rows have the model's own type."""
        if self._typed:
            try:
                given = self._typed.decode(body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                pass
            else:
                tensors = self._reader.typed(given.instances)
                if tensors is not None:
                    return tensors, given.outputs
        try:
            given = msgspec.convert(json_text.decode(body), _Instances)
        except (msgspec.ValidationError, json_text.JsonError) as error:
            raise BadInputError(f'the body must be {{"instances": [...]}}: {error}') from None
        return self._reader.instances(given.instances), given.outputs

    def _predictions(self, results: Any) -> Answer:
        self._count(self._default, results)
        return _json({"predictions": plain(results[0])})

    def _count(self, names: Sequence[str], results: Any) -> None:
        if self.tracker and (first := self._default[0]) in names:
            self.tracker.predicted(results[names.index(first)])


def _rows(tensors: Tensors) -> int:
    return len(tensors[0]) if tensors[0].ndim else 1


def _names(described: Described) -> list[str]:
    return [name for name, _, _ in described]


def _json(value: Any) -> Answer:
    return Answer(200, json_of(value), [JSON])


class UserService:
    """Service of a user's class."""

    platform = "python"
    inputs: Described = ()
    outputs: Described = ()

    tracker: Tracker | None = None

    def __init__(self, name: str, executor: Executor) -> None:
        self._name, self.executor = name, executor

    def predict(self, request: Request) -> Call:
        """Pass the decoded body to the predictor, and encode its result."""
        given = payload.decode(request.body, request.content_type)

        def encode(result: Any) -> Answer:
            self._count(result)
            status, headers, body = answer.encode(result)
            pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
            return Answer(status, body, pairs)

        return Call(_input(given, request.query_params, request.headers), 1, encode)

    def infer(self, request: Request) -> Call:
        """Pass the tensors by name; the result is an array, or arrays by name."""
        asked = _inference(request)

        def encode(result: Any) -> Answer:
            self._count(result)
            return _inferred(self._name, asked, named("predictions", result), asked.outputs)

        given = {tensor.name: tensor.data for tensor in asked.inputs}
        return Call(_input(given, {}, {}), 1, encode)

    def _count(self, result: Any) -> None:
        if self.tracker:
            self.tracker.answered(result)


def _input(given: Any, query: Mapping[str, str], headers: Mapping[str, str]) -> Any:
    """Return the arguments of a predictor, with the request's own context, to which traces belong."""
    return copy_context(), given, query, headers


def _inference(request: Request) -> v2.InferRequest:
    length = request.header(b"inference-header-content-length")
    if length is not None and not (length.isdecimal() and len(length) < 20):
        raise ProtocolError("Inference-Header-Content-Length is not a number of bytes")
    return v2.decode_request(request.body, int(length) if length else None)


def _inferred(
    name: str, asked: v2.InferRequest, outputs: Sequence[Tensor], wanted: Sequence[v2.Wanted]
) -> Answer:
    binary = bool(asked.parameters.get("binary_data_output"))
    data, headers = v2.encode_response(name, asked.id, outputs, wanted, binary)
    return Answer(200, data, [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()])
