"""Answers beside predictions: health and the server's description, by the Open Inference Protocol."""

import msgspec

from axon_runtime.http import JSON, TEXT, Answer

OK = Answer(200, b"ok\n", [TEXT])
HEALTH = ("/v2/health/live", "/v2/health/ready")
"""The protocol's own; Kubernetes' probes ask the management port."""

SERVER = Answer(
    200,
    msgspec.json.encode({"name": "axon", "version": "2", "extensions": ["binary_tensor_data"]}),
    [JSON],
)
"""What `GET /v2` is answered."""


def trimmed(path: str) -> str:
    """Return a path without slashes at its end."""
    return path.rstrip("/") or "/"
