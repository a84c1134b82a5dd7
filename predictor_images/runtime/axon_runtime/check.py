"""`python -m axon_runtime.check [SECONDS]`: load the predictor, run its `sample.json`, and exit.

Images are checked this way before a push. The exit code is 0, or 1 with the predictor's own traceback on
standard error; also after the given seconds if the predictor hangs.
"""

import faulthandler
import os
import sys
import traceback

import msgspec

from axon_runtime.config import Config, from_environment
from axon_runtime.server import application

# Frames of the runtime, which are omitted from tracebacks.
_RUNTIME = os.path.dirname(__file__)


def main() -> None:
    """Check the predictor of the environment's configuration."""
    if len(sys.argv) > 1:
        faulthandler.dump_traceback_later(float(sys.argv[1]), exit=True)
    code = 0
    try:
        for config in _each(from_environment()):
            application(config)
    except BaseException as error:
        code = 1
        _show(error)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads that the predictor has started would keep the process alive


def _each(config: Config) -> list[Config]:
    """Return the configuration of each local model, one after another."""
    if not config.models:
        return [config]
    here = {name: source for name, source in config.models.items() if source.url.startswith("file://")}
    return [
        msgspec.structs.replace(config, models={name: source}, cache_size=None)
        for name, source in here.items()
    ]


def _show(error: BaseException) -> None:
    """Print an error, after the traceback of the predictor's own exception."""
    cause = error.__cause__ or error.__context__
    if cause is not None:
        shown = traceback.TracebackException.from_exception(cause)
        own = [frame for frame in shown.stack if not frame.filename.startswith(_RUNTIME)]
        shown.stack[:] = own or shown.stack
        print("".join(shown.format()), end="", file=sys.stderr)
    print(f"{type(error).__name__}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
