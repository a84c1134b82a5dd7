"""Server inside every predictor image, and the classes that predictors import from it."""

import os

from axon_runtime.public import HttpError, Response, UploadedFile

__all__ = ["HttpError", "Response", "UploadedFile"]

# From 1.29 on, ONNX Runtime reports each loaded model to its developers unless this variable is set:
# https://github.com/microsoft/onnxruntime/pull/27379
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
