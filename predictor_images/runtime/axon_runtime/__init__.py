"""The server inside every predictor image."""

import os

# From 1.29 on, ONNX Runtime tells its makers of each model that it loads, unless this is set:
# https://github.com/microsoft/onnxruntime/pull/27379
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
