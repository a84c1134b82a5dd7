"""`python -m axon_runtime`: load the predictor, then serve it until SIGTERM.

The port opens once the model is loaded, so an answer is the proof that it is. On SIGTERM the port closes, and
the requests under way are answered.
"""

import signal
import sys

import uvicorn

from axon_runtime.config import ConfigError, from_environment
from axon_runtime.load import prepare
from axon_runtime.logs import log
from axon_runtime.many import ManyApp
from axon_runtime.metrics import Metrics
from axon_runtime.saved import LoadError
from axon_runtime.user import PredictorError

# Below the pod's own grace period (components/pod.py), so that the server, not the kubelet, ends it.
GRACEFUL_SECONDS = 55


def main() -> None:
    """Serve until SIGTERM; what is wrong with the predictor is one line, and the exit code 1."""
    try:
        config = from_environment()
        app = ManyApp(config, prepare) if config.models else prepare(config, Metrics(config.name))
    except (ConfigError, LoadError, PredictorError) as error:
        log("error", str(error))
        sys.exit(1)
    # uvicorn ends gracefully, then raises the signal again: to have ended so is success.
    signal.signal(signal.SIGTERM, lambda *_: None)
    log("info", "ready", model=config.name, port=config.port)
    uvicorn.run(
        app,
        host="0.0.0.0",
        port=config.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        date_header=False,
        server_header=False,
        backlog=4096,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )


if __name__ == "__main__":
    main()
