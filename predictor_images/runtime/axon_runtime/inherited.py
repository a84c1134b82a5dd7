"""Thread-local settings, copied from the thread that loads a model to the threads that run it.

A class that calls `sklearn.set_config`, `numpy.seterr`, `torch.set_grad_enabled` or `decimal.setcontext` when
it is loaded expects these settings in `predict`; each of them applies to only one thread.
"""

import sys
from collections.abc import Callable
from contextvars import copy_context


def inherited() -> Callable[[], None]:
    """Return a function that applies the current thread's settings to the thread that calls it."""
    context = copy_context()
    # https://scikit-learn.org/stable/modules/generated/sklearn.set_config.html
    sklearn = sys.modules.get("sklearn")
    config = sklearn.get_config() if sklearn else {}
    # https://docs.pytorch.org/docs/stable/generated/torch.set_grad_enabled.html
    torch = sys.modules.get("torch")
    grad = torch.is_grad_enabled() if torch else True

    def apply() -> None:
        for variable, value in context.items():
            variable.set(value)
        if sklearn:
            sklearn.set_config(**config)
        if torch:
            torch.set_grad_enabled(grad)

    return apply
