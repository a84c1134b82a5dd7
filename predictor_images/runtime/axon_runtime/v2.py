"""The Open Inference Protocol, version 2, over REST: decoding and encoding of bodies.

https://github.com/open-inference/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from axon_runtime import json_text
from axon_runtime.errors import listed
from axon_runtime.tensors import ProtocolError, Tensor, from_bytes, from_values, to_bytes, to_values

__all__ = [
    "MODELS",
    "VERSION",
    "InferRequest",
    "ProtocolError",
    "Wanted",
    "decode_request",
    "encode_response",
    "metadata",
    "unversioned",
]

MODELS = "/v2/models/"
VERSION = "1"
"""Version of a replica's model, named like the first version in other servers."""

_JSON = {"content-type": "application/json"}
_HEADER = "inference-header-content-length"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A requested output and its encoding; None: the request's default."""

    name: str
    binary: bool | None


@dataclass(frozen=True, slots=True)
class InferRequest:
    """Decoded request."""

    id: str | None
    parameters: Mapping[str, Any]
    inputs: list[Tensor]
    outputs: list[Wanted]


_Shape = Annotated[list[Annotated[int, Meta(ge=0, le=2**63 - 1)]], Meta(max_length=64)]
# Models have at most thousands of inputs, if each is a column.
_MOST = 100_000


class _Input(msgspec.Struct):
    name: str
    shape: _Shape
    datatype: str
    data: Any = msgspec.UNSET
    parameters: dict[str, Any] | None = None


class _Output(msgspec.Struct):
    name: str
    parameters: dict[str, Any] | None = None


class _Request(msgspec.Struct):
    inputs: Annotated[list[_Input], Meta(max_length=_MOST)]
    id: str | None = None
    parameters: dict[str, Any] | None = None
    outputs: Annotated[list[_Output], Meta(max_length=_MOST)] | None = None


_decoder = msgspec.json.Decoder(_Request)


def unversioned(path: str) -> str | None:
    """Return the path of a model without its version, or None for an unknown version."""
    name, _, rest = path.removeprefix(MODELS).partition("/")
    if not path.startswith(MODELS) or not rest.startswith("versions/"):
        return path
    version, _, verb = rest.removeprefix("versions/").partition("/")
    return f"{MODELS}{name}/{verb}".rstrip("/") if version == VERSION else None


def decode_request(body: bytes, header_length: int | None) -> InferRequest:
    """Decode an inference request; `header_length` is the header of that name, for raw data after the JSON.

    Raises:
        ProtocolError: with the problem.
    """
    if header_length is not None and header_length > len(body):
        raise ProtocolError(f"the JSON header has {header_length} bytes, and {len(body)} came")
    split = len(body) if header_length is None else header_length
    request = _decoded(body[:split])
    if not request.inputs:
        raise ProtocolError("inputs is empty")
    if len({given.name for given in request.inputs}) != len(request.inputs):
        raise ProtocolError("inputs: two have the same name")
    outputs = request.outputs or []
    if len({output.name for output in outputs}) != len(outputs):
        raise ProtocolError("outputs: each can be asked for once")
    return InferRequest(
        request.id,
        request.parameters or {},
        _inputs(request.inputs, memoryview(body)[split:]),
        [Wanted(output.name, _flag((output.parameters or {}).get("binary_data"))) for output in outputs],
    )


def _decoded(head: bytes) -> _Request:
    try:
        return _decoder.decode(head)
    except msgspec.ValidationError as error:
        raise ProtocolError(f"the body is no inference request: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:  # JSON may contain Python's NaN
        return msgspec.convert(json_text.decode(head), _Request)
    except (json_text.JsonError, msgspec.ValidationError) as error:
        raise ProtocolError(f"the body is no inference request: {error}") from None


def encode_response(
    model: str,
    id: str | None,
    outputs: Sequence[Tensor],
    wanted: Sequence[Wanted],
    binary_default: bool,
) -> tuple[bytes, dict[str, str]]:
    """Return a response's body and headers: all outputs, or the requested ones.

    Raises:
        ProtocolError: when the model lacks a requested output, or JSON cannot represent a value.
    """
    parts: list[bytes] = []
    described: list[dict[str, Any]] = []
    for tensor, binary in _chosen(outputs, wanted, binary_default):
        entry: dict[str, Any] = {"name": tensor.name, "datatype": tensor.datatype, "shape": tensor.shape}
        if binary:
            parts.append(to_bytes(tensor))
            entry["parameters"] = {"binary_data_size": len(parts[-1])}
        else:
            entry["data"] = to_values(tensor)
        described.append(entry)
    body: dict[str, Any] = {"model_name": model, "model_version": VERSION, "outputs": described}
    if id is not None:
        body["id"] = id
    head = msgspec.json.encode(body)
    if not parts:
        return head, _JSON
    return b"".join([head, *parts]), {"content-type": "application/octet-stream", _HEADER: str(len(head))}


def metadata(
    name: str,
    platform: str,
    inputs: Sequence[tuple[str, str, list[int]]],
    outputs: Sequence[tuple[str, str, list[int]]],
) -> bytes:
    """Return the metadata of a model: each tensor is its name, datatype and shape."""
    keys = ("name", "datatype", "shape")
    return msgspec.json.encode(
        {
            "name": name,
            "versions": [VERSION],
            "platform": platform,
            "inputs": [dict(zip(keys, tensor, strict=True)) for tensor in inputs],
            "outputs": [dict(zip(keys, tensor, strict=True)) for tensor in outputs],
        }
    )


def _inputs(inputs: Sequence[_Input], raw: memoryview) -> list[Tensor]:
    found: list[Tensor] = []
    at = 0
    for index, given in enumerate(inputs):
        what = f"inputs[{index}]"
        size = (given.parameters or {}).get("binary_data_size")
        if size is None:
            if given.data is msgspec.UNSET:
                raise ProtocolError(f"{what} has neither data nor binary_data_size")
            found.append(from_values(given.name, given.datatype, given.shape, given.data, what))
            continue
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= len(raw) - at:
            raise ProtocolError(f"{what}: binary_data_size has to be at most {len(raw) - at}, the bytes left")
        part = bytes(raw[at : at + size])
        found.append(from_bytes(given.name, given.datatype, given.shape, part, what))
        at += size
    if at != len(raw):
        raise ProtocolError(f"{len(raw) - at} bytes follow that belong to no input")
    return found


def _chosen(
    outputs: Sequence[Tensor], wanted: Sequence[Wanted], binary_default: bool
) -> list[tuple[Tensor, bool]]:
    if not wanted:
        return [(tensor, binary_default) for tensor in outputs]
    by_name = {tensor.name: tensor for tensor in outputs}
    missing = [output.name for output in wanted if output.name not in by_name]
    if missing:
        raise ProtocolError(f"outputs: one is not the model's, which has {listed(list(by_name))}")
    return [(by_name[o.name], binary_default if o.binary is None else o.binary) for o in wanted]


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
