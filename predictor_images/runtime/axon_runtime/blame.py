"""Classification of model errors: rejected rows of the client, or a failure of the model."""

import re
from pathlib import Path
from types import TracebackType

_MOST = 160
_LIBRARIES = re.compile(r"/(?:sklearn|numpy|scipy|pandas|joblib|xgboost|lightgbm|catboost)/")
# Text in quotes or brackets may be the client's.
_REPEATED = re.compile(r"""'[^']*'|"[^"]*"|\[.*?\]|\(.*?\)|\{.*?\}""", re.DOTALL)
_OWN = Path(__file__).parent


def explain_library(error: Exception) -> str | None:
    """Return a library's reason for rejecting the rows, or None if the error is the model's own failure.

    A rejection is a ValueError or TypeError raised by a known library, with no user code between it and the
    rows; errors of earlier validation never reach this function.
    """
    if type(error) not in _REFUSALS and not _is_refusal_of_a_booster(error):
        return None
    if _has_other_code(error.__traceback__):
        return None
    return f"the model refuses the rows: {shortened(str(error))}"


_REFUSALS = (ValueError, TypeError)


def _is_refusal_of_a_booster(error: Exception) -> bool:
    return type(error).__name__ in ("LightGBMError", "CatBoostError", "XGBoostError")


def shortened(text: str) -> str:
    """Return the first line of an error, shortened, without values from the rows."""
    line = next((line.strip() for line in _REPEATED.sub("…", text).splitlines() if line.strip()), "")
    return line if len(line) <= _MOST else f"{line[:_MOST]}…"


def _has_other_code(traceback: TracebackType | None) -> bool:
    """Return whether code ran that belongs to neither a known library nor the runtime."""
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        known = _LIBRARIES.search(name) or Path(name).parent == _OWN or name.endswith((".pyx", ".pxi"))
        if not known and "/contextlib.py" not in name:
            return True
        traceback = traceback.tb_next
    return False
