"""Alternative servers, each configured as its own documentation recommends for such a model.

`python peers.py NAME PORT MODEL BATCH` serves a model's file; each takes one row.
"""
# Each has an environment of its own. pyright: reportMissingImports=false

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

BATCH_SIZE, BATCH_SECONDS = 64, 0.005


def floor(port: int, model: str, batch: bool) -> None:
    """Return a constant from the HTTP server that the runtime is built on: no model can be faster."""
    import uvicorn

    body = b'{"predictions":[0]}'
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    uvicorn.run(
        app, port=port, loop="uvloop", http="httptools", lifespan="off", access_log=False, log_level="warning"
    )


def fastapi(port: int, model: str, batch: bool) -> None:
    """Serve as FastAPI's documentation shows, with an `async` handler: the faster of its two here."""
    import joblib
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel

    estimator, app = joblib.load(model), FastAPI()

    class Instances(BaseModel):
        instances: list[list[float]]

    @app.post("/")
    async def predict(body: Instances) -> dict[str, Any]:
        return {"predictions": estimator.predict(body.instances).tolist()}

    uvicorn.run(app, port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning")


def mlserver(port: int, model: str, batch: bool) -> None:
    """Serve with MLServer's own runtime for scikit-learn, without worker processes.

    https://mlserver.readthedocs.io/en/latest/user-guide/parallel-inference.html and adaptive-batching.html
    """
    folder = Path(tempfile.mkdtemp())
    settings = {"parallel_workers": 0, "http_port": port, "grpc_port": port + 1, "metrics_port": port + 2}
    (folder / "settings.json").write_text(json.dumps(settings))
    of_model: dict[str, Any] = {
        "name": "model",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": model},
    }
    if batch:
        of_model |= {"max_batch_size": BATCH_SIZE, "max_batch_time": BATCH_SECONDS}
    (folder / "model-settings.json").write_text(json.dumps(of_model))
    _become("mlserver", "start", str(folder))


def bentoml(port: int, model: str, batch: bool) -> None:
    """Serve a class with one worker: https://docs.bentoml.com/en/latest/get-started/adaptive-batching.html."""
    folder = Path(tempfile.mkdtemp())
    batching = f"batchable=True, max_batch_size={BATCH_SIZE}, max_latency_ms=1000" if batch else ""
    (folder / "service.py").write_text(_BENTO.format(model=model, batching=batching))
    os.chdir(folder)
    os.environ |= {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(folder)}
    _become("bentoml", "serve", "service:Model", "--port", str(port))


_BENTO = """\
import bentoml, joblib, numpy as np

@bentoml.service(workers=1, metrics={{"enabled": True}}, traffic={{"timeout": 60}})
class Model:
    def __init__(self) -> None:
        self.model = joblib.load("{model}")

    @bentoml.api({batching})
    def predict(self, instances: np.ndarray) -> np.ndarray:
        return self.model.predict(instances)
"""


def litserve(port: int, model: str, batch: bool) -> None:
    """Serve a LitAPI with one worker: https://lightning.ai/docs/litserve/features/batching."""
    script = str(Path(__file__).with_name("litserve_peer.py"))
    _become("python", script, str(port), model, str(BATCH_SIZE if batch else 1), str(BATCH_SECONDS))


def ray(port: int, model: str, batch: bool) -> None:
    """Serve a deployment of one replica: https://docs.ray.io/en/latest/serve/advanced-guides/dyn-req-batch.html."""
    import signal

    import joblib
    import ray
    from ray import serve

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)

    @serve.deployment(max_ongoing_requests=200)
    class Model:
        def __init__(self) -> None:
            self.model = joblib.load(model)

        @serve.batch(max_batch_size=BATCH_SIZE if batch else 1, batch_wait_timeout_s=BATCH_SECONDS)
        async def predict(self, rows: list[Any]) -> list[Any]:
            return self.model.predict(rows).tolist()

        async def __call__(self, request: Any) -> dict[str, Any]:
            (row,) = (await request.json())["instances"]
            found = await self.predict(row) if batch else self.model.predict([row]).tolist()[0]
            return {"predictions": [found]}

    serve.start(http_options={"port": port, "host": "127.0.0.1"})
    serve.run(Model.bind())
    signal.pause()


def _become(program: str, *arguments: str) -> None:
    path = Path(sys.executable).with_name(program)
    os.execv(path, [str(path), *arguments])


if __name__ == "__main__":
    name, port, model, batch = sys.argv[1:]
    globals()[name](int(port), model, batch == "batch")
