"""What tests of replicas share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests_of_runtime.waiting import gated


@pytest.fixture(scope="session", autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let replicas that are killed leave what they leave where pytest removes it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.getbasetemp()))
        yield


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Return the file that lets the predictor `waits` answer once it is there."""
    return gated(tmp_path)
