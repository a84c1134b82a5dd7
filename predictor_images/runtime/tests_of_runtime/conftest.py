"""What tests of replicas share."""

from pathlib import Path

import pytest

from tests_of_runtime.waiting import WAITS


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Return the file that lets the predictor `waits` answer once it is there."""
    folder = tmp_path / "waits"
    folder.mkdir()
    (folder / "predictor.py").write_text(WAITS)
    return tmp_path / "open"
