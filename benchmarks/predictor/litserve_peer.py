"""LitServe's server, for peers.py: LitServe's processes import the class from a separate file."""
# It has an environment of its own. pyright: reportMissingImports=false

import sys
from typing import Any

import joblib
import litserve as ls


class Model(ls.LitAPI):
    """API of one row per request."""

    def __init__(self, model: str, **batching: Any) -> None:
        super().__init__(**batching)
        self._file = model

    def setup(self, device: str) -> None:
        """Load the model, in the process that runs it."""
        self.model = joblib.load(self._file)

    def decode_request(self, request: dict[str, Any]) -> Any:
        """Return the row of a request."""
        return request["instances"][0]

    def predict(self, x: Any) -> Any:
        """Predict one row."""
        return self.model.predict([x])[0]

    def encode_response(self, output: Any) -> dict[str, Any]:
        """Return the response in the form of the other servers."""
        return {"predictions": [int(output)]}


class Batched(Model):
    """API of batched requests."""

    def batch(self, inputs: list[Any]) -> Any:
        """Return the rows of a batch unchanged."""
        return inputs

    def predict(self, x: Any) -> Any:
        """Predict all rows."""
        return self.model.predict(x)

    def unbatch(self, output: Any) -> Any:
        """Return one prediction per request."""
        return list(output)


if __name__ == "__main__":
    port, model, size, seconds = sys.argv[1:]
    batching = {"max_batch_size": int(size), "batch_timeout": float(seconds)}
    api = Batched(model, **batching) if int(size) > 1 else Model(model)
    server = ls.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(port=int(port), num_api_servers=1, log_level="warning", generate_client_file=False)
