"""`python -m axon_runtime`: load the predictor, then serve it until SIGTERM.

The ports open once the model is loaded, so a response proves that the model is loaded. On SIGTERM the public
port closes, and the requests in flight are completed.
"""

import sys

from axon_runtime.config import Config, ConfigError, from_environment
from axon_runtime.logs import log


def main() -> None:
    """Serve until SIGTERM; an error of the predictor is one line, with exit code 1."""
    try:
        config = from_environment()
    except ConfigError as error:
        log("error", str(error))
        sys.exit(1)
    if config.limits.processes_per_replica == 1:
        _serve(config)
    else:
        from axon_runtime.workers import run

        sys.exit(run(config))


def _serve(config: Config) -> None:
    # Not imported by the parent of several processes, which holds no model and uses little memory.
    from axon_runtime.port import PortError, bind, bind_management
    from axon_runtime.saved import LoadError
    from axon_runtime.server import application, leave, serve
    from axon_runtime.user import PredictorError

    try:
        app = application(config)
        public = bind(config.port)
        management = bind_management(config.management_port, config.port)
    except (LoadError, PredictorError, PortError) as error:
        log("error", str(error))
        sys.exit(1)
    ports = {"port": config.port, "management_port": management.getsockname()[1]}
    log("info", "ready", model=config.name, **ports)
    code = serve(app, config, public, management)
    leave(code, lambda: app.admission.oldest_call() > 0)


if __name__ == "__main__":
    main()
