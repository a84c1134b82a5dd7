"""OpenAPI 3.1 description of a replica's endpoints (https://spec.openapis.org/oas/v3.1.0)."""

from collections.abc import Sequence
from typing import Any

from axon_runtime.service import Service
from axon_runtime.v2 import MODELS, VERSION

_ERROR = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
_TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "datatype": {"type": "string"},
        "data": {"type": "array"},
        "parameters": {"type": ["object", "null"]},
    },
}
_INFER = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": ["string", "null"]},
        "parameters": {"type": ["object", "null"]},
        "inputs": {"type": "array", "minItems": 1, "items": _TENSOR},
        "outputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "parameters": {"type": "object"}},
            },
        },
    },
}
_ROWS = {
    "type": "object",
    "required": ["instances"],
    "properties": {
        # Rows as lists, as objects by name, or as texts, depending on the model.
        "instances": {
            "type": "array",
            "minItems": 1,
            "items": {"type": ["array", "object", "string", "number"]},
        },
        "outputs": {"type": ["array", "null"], "minItems": 1, "items": {"type": "string"}},
    },
}
_PREDICTIONS = {
    "type": "object",
    "anyOf": [{"required": ["predictions"]}, {"required": ["outputs"]}],
    "properties": {"predictions": {}, "outputs": {"type": "object"}},
}


def document(name: str, service: Service) -> dict[str, Any]:
    """Return the description of a model's endpoints."""
    return _document(name, _of_model(name, "/", saved=bool(service.inputs)))


def document_of_many(title: str, names: Sequence[str]) -> dict[str, Any]:
    """Return the description of the endpoints of several saved models."""
    paths: dict[str, Any] = {"/": {"get": _read("Which models there are")}}
    for name in names:
        paths |= _of_model(name, f"/{name}", saved=True)
    return _document(title, paths)


def _of_model(name: str, root: str, *, saved: bool) -> dict[str, Any]:
    predict = _operation("Predict", _ROWS, _PREDICTIONS) if saved else _operation("Predict", {}, {})
    paths: dict[str, Any] = {root: {"post": predict, "get": _read("What the model is")}}
    for model in (f"{MODELS}{name}", f"{MODELS}{name}/versions/{VERSION}"):
        paths |= {
            f"{model}/infer": {"post": _operation("Predict, by the Open Inference Protocol", _INFER, {})},
            model: {"get": _read("What the model is")},
            f"{model}/ready": {"get": _read("Whether the model is ready", "text/plain")},
        }
    return paths


def _document(title: str, paths: dict[str, Any]) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "paths": {
            **paths,
            "/v2": {"get": _read("What the server is")},
            "/v2/health/live": {"get": _read("Whether the server lives", "text/plain")},
            "/v2/health/ready": {"get": _read("Whether the server is ready", "text/plain")},
        },
    }


def _operation(summary: str, body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    refused = {"description": "Refused", "content": {"application/json": {"schema": _ERROR}}}
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {"description": "Answered", "content": {"application/json": {"schema": answer}}},
            "400": {**refused, "description": "The request is wrong"},
            "413": {**refused, "description": "The body is too large"},
            "503": {**refused, "description": "The queue is full"},
            "504": {**refused, "description": "It took too long"},
        },
    }


def _read(summary: str, kind: str = "application/json") -> dict[str, Any]:
    answer = {"description": summary, "content": {kind: {}}}
    return {"summary": summary, "responses": {"200": answer}}
