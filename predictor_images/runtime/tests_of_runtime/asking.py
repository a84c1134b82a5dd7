"""Asks a saved model as the application does, without a server."""

import json
from collections.abc import Mapping
from typing import Any, cast

from axon_runtime.call import Call, Failed
from axon_runtime.executor import Executor
from axon_runtime.saved import SavedModel
from axon_runtime.service import Request, RowsService


def service_of(model: SavedModel) -> RowsService:
    return RowsService("m", model, cast(Executor, None))


def asked(body: Any, headers: Mapping[str, str] | None = None) -> Request:
    """Return the request of a body, which is JSON unless it is bytes."""
    pairs = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request({"headers": pairs, "query_string": b""}, content)


def run(model: SavedModel, call: Call) -> Any:
    """Return the answer's JSON to a call that is run alone.

    Raises:
        Exception: the request's own.
    """
    (result,) = model.predict([call.input])
    if isinstance(result, Failed):
        raise result.error
    return json.loads(call.encode(result).body)


def predicted(model: SavedModel, instances: Any, **more: Any) -> Any:
    """Return the predictions of instances, by `POST /`."""
    answer = run(model, service_of(model).predict(asked({"instances": instances, **more})))
    return answer["outputs" if "outputs" in more else "predictions"]


def inferred(model: SavedModel, *inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the outputs of an inference request, by name."""
    answer = run(model, service_of(model).infer(asked({"inputs": list(inputs), **more})))
    return {output["name"]: output for output in answer["outputs"]}


def tensor(name: str, datatype: str, data: Any, shape: list[int] | None = None) -> dict[str, Any]:
    return {"name": name, "shape": shape or [len(data)], "datatype": datatype, "data": data}
