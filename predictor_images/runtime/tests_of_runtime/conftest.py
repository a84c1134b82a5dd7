"""What tests of replicas share."""

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from joblib import numpy_pickle

from tests_of_runtime.waiting import gated


@pytest.fixture(scope="session", autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let replicas that are killed leave what they leave where pytest removes it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.getbasetemp()))
        yield


@pytest.fixture(scope="session", autouse=True)
def plain_pickles() -> None:
    """Let joblib pickle models as in a training script: Pulumi's SDK, in the same test run, loads dill.

    dill changes how Python's own pickler saves types, and joblib has copied that.
    """
    if "dill" not in sys.modules:
        return
    sys.modules["dill"].extend(False)
    plain, joblibs = pickle._Pickler.dispatch, numpy_pickle.NumpyPickler.dispatch  # type: ignore[attr-defined]
    for kind in [kind for kind, save in joblibs.items() if save.__module__.startswith("dill")]:
        if kind in plain:
            joblibs[kind] = plain[kind]
        else:
            del joblibs[kind]


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Return the file that lets the predictor `waits` answer once it is there."""
    return gated(tmp_path)
