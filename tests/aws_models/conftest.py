"""What the strict check of AWS' models needs of the environment."""

import pytest


@pytest.fixture(autouse=True)
def _of_no_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the local state, which `make test` runs with and stacks on AWS refuse."""
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
