"""Texts as vectors of meaning: the transformer all-MiniLM-L6-v2, exported to ONNX by train.py."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from axon_runtime import HttpError
from numpy.typing import NDArray
from tokenizers import Tokenizer  # pyright: ignore[reportMissingImports]

HERE = Path(__file__).parent


class Predictor:
    """`{"texts": ["…", …]}` in, `{"embeddings": [[384 numbers], …]}` of length 1 out."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Load tokenizer and model; `max_tokens` is how much of a text is read."""
        self._tokenizer = Tokenizer.from_file(str(HERE / "tokenizer.json"))
        self._tokenizer.enable_truncation(config.get("max_tokens", 128))
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(HERE / "model.onnx", options)

    def pre_predict(self, payload: Any) -> list[str]:
        """Take the texts out of the request."""
        texts = payload.get("texts") if isinstance(payload, dict) else None
        if not texts or not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise HttpError(400, 'the body must be {"texts": ["…", …]}')
        return texts

    def predict(self, payload: list[str]) -> NDArray[np.float32]:
        """Return a vector for each token of each text, averaged over the text's own tokens."""
        encodings = self._tokenizer.encode_batch(payload)
        ids = np.array([encoding.ids for encoding in encodings], dtype=np.int64)
        mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64)
        (tokens,) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        weights = mask[:, :, None].astype(np.float32)
        return (np.asarray(tokens) * weights).sum(axis=1) / weights.sum(axis=1)

    def post_predict(self, result: NDArray[np.float32]) -> dict[str, Any]:
        """Scale each vector to length 1, as the model's own pipeline does."""
        return {"embeddings": result / np.linalg.norm(result, axis=1, keepdims=True)}
