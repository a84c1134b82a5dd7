"""Analysis of a pickle's imports: whether a saved model contains only known libraries, which work row by
row.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

_LIBRARIES = frozenset(
    ("sklearn", "numpy", "scipy", "pandas", "joblib", "xgboost", "lightgbm", "catboost", "_catboost")
)
_STANDARD = frozenset(
    ("collections", "functools", "copyreg", "datetime", "decimal", "fractions", "_codecs", "uuid")
)
_BUILTINS = frozenset(
    (
        bool,
        bytearray,
        bytes,
        complex,
        dict,
        float,
        frozenset,
        int,
        list,
        object,
        range,
        set,
        slice,
        str,
        tuple,
    )
)
_LOCK = threading.Lock()


@dataclass
class Imported:
    """Imports of one pickle."""

    trusted: bool = True
    """True if all imports belong to known libraries, and none is a user's function."""

    plain_functions: bool = False
    """True if public functions were imported, which a model may call with all rows at once."""

    classes: set[str] = field(default_factory=set[str])

    @property
    def by_rows(self) -> bool:
        """Return whether the library's contract applies: the result of a row depends only on that row."""
        calls_functions = not self.classes.isdisjoint(("FunctionTransformer", "partial"))
        return self.trusted and not (self.plain_functions and calls_functions)

    def note(self, module: str, name: str, found: Any) -> None:
        """Record one import."""
        root = module.partition(".")[0]
        known = root in _LIBRARIES or root in _STANDARD or (module == "builtins" and found in _BUILTINS)
        if not known:
            self.trusted = False
        if isinstance(found, type):
            self.classes.add(name)
        elif not module.startswith("sklearn.utils") and not name.startswith("_") and not _is_ufunc(found):
            self.plain_functions = self.plain_functions or name not in ("scalar", "encode")


def _is_ufunc(found: Any) -> bool:
    import numpy as np

    return isinstance(found, np.ufunc)


@contextmanager
def recording() -> Iterator[Imported]:
    """Record the imports of joblib while it loads a file."""
    from joblib import numpy_pickle

    unpickler = cast(Any, numpy_pickle.NumpyUnpickler)
    imported = Imported()
    with _LOCK:
        original = unpickler.find_class

        def find_class(self: Any, module: str, name: str) -> Any:
            found = original(self, module, name)
            imported.note(module, name, found)
            return found

        unpickler.find_class = find_class
        try:
            yield imported
        finally:
            unpickler.find_class = original
