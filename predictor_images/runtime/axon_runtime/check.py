"""`python -m axon_runtime.check [SECONDS]`: load the predictor, answer its `sample.json`, and exit.

An image is checked so before it is pushed. It exits with 0, or with 1 and the predictor's own traceback on
standard error; also where it hangs, once the seconds have passed.
"""

import faulthandler
import os
import sys
import traceback

import msgspec

from axon_runtime.config import Config, from_environment
from axon_runtime.server import application

# The frames of a traceback that say nothing of the predictor.
_RUNTIME = os.path.dirname(__file__)


def main() -> None:
    """Check the predictor that the environment names."""
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
    os._exit(code)  # threads that the predictor has started would go on


def _each(config: Config) -> list[Config]:
    """Return the configuration of each model that is here: of several, one after the other."""
    if not config.models:
        return [config]
    here = {name: source for name, source in config.models.items() if source.url.startswith("file://")}
    return [
        msgspec.structs.replace(config, models={name: source}, cache_size=None)
        for name, source in here.items()
    ]


def _show(error: BaseException) -> None:
    """Print what is wrong, after the traceback of what the predictor itself has raised."""
    cause = error.__cause__ or error.__context__
    if cause is not None:
        shown = traceback.TracebackException.from_exception(cause)
        own = [frame for frame in shown.stack if not frame.filename.startswith(_RUNTIME)]
        shown.stack[:] = own or shown.stack
        print("".join(shown.format()), end="", file=sys.stderr)
    print(f"{type(error).__name__}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
