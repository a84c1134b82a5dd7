"""Responses other than predictions: health and the server's metadata, by the Open Inference Protocol."""

import msgspec

from axon_runtime.http import JSON, TEXT, Answer

OK = Answer(200, b"ok\n", [TEXT])
HEALTH = ("/v2/health/live", "/v2/health/ready")
"""Health paths of the protocol; Kubernetes' probes use the management port."""

SERVER = Answer(
    200,
    msgspec.json.encode({"name": "axon", "version": "2", "extensions": ["binary_tensor_data"]}),
    [JSON],
)
"""Response to `GET /v2`."""


def trimmed(path: str) -> str:
    """Return a path without trailing slashes."""
    return path.rstrip("/") or "/"
