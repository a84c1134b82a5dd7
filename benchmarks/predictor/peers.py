"""The servers that people would pick instead, each as its own documentation serves such a model best.

`python peers.py NAME PORT` serves the iris classifier; each takes `{"instances": [[…]]}`.
"""

import sys
from pathlib import Path
from typing import Any

MODEL = Path(__file__).parents[2] / "predictors" / "iris" / "model.joblib"


def floor(port: int) -> None:
    """Answer a constant with the server that the runtime stands on: what no model can be faster than."""
    import uvicorn

    body = b'{"predictions":[0]}'
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    uvicorn.run(
        app, port=port, loop="uvloop", http="httptools", lifespan="off", access_log=False, log_level="warning"
    )


def fastapi(port: int) -> None:
    """Serve as FastAPI's documentation shows, with an `async` handler: the faster of its two here."""
    import joblib
    import uvicorn
    from fastapi import FastAPI  # pyright: ignore[reportMissingImports] (its own environment has it)
    from pydantic import BaseModel

    model, app = joblib.load(MODEL), FastAPI()

    class Instances(BaseModel):
        instances: list[list[float]]

    @app.post("/")
    async def predict(body: Instances) -> dict[str, Any]:
        return {"predictions": model.predict(body.instances).tolist()}

    uvicorn.run(app, port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning")


if __name__ == "__main__":
    {"floor": floor, "fastapi": fastapi}[sys.argv[1]](int(sys.argv[2]))
