"""`python -m runtime`: serve /predictor/model.joblib on port 8080 until SIGTERM.

On SIGTERM the port closes to new connections and the requests under way are answered.
"""

import os
import sys
from pathlib import Path

import uvicorn
from runtime.app import Predict, app
from runtime.estimator import load_estimator

PORT = 8080
# Below the pod's own grace period (components/pod.py), so that the server, not the kubelet, ends it.
GRACEFUL_SECONDS = 55


def _load() -> Predict:
    path = Path(os.environ.get("AXON_MODEL_PATH", "/predictor/model.joblib"))
    try:
        return load_estimator(path)
    except Exception as error:
        print(f"axon: cannot load {path}: {type(error).__name__}: {error}", file=sys.stderr)
        raise


if __name__ == "__main__":
    uvicorn.run(
        app(_load),
        host="0.0.0.0",
        port=int(os.environ.get("AXON_PORT", PORT)),
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        access_log=False,
    )
