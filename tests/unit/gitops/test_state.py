"""A copy of the state before each update, and what an interrupted one has left in it."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from axon.state import KEPT, StateError, back_up, copies, interrupted

URN = "urn:pulumi:dev::axon::axon:model_api:ModelApi$kubernetes:apps/v1:Deployment::iris-classifier"
SOUND: dict[str, Any] = {"version": 3, "deployment": {"resources": [{"urn": URN}]}}
BROKEN = {
    "version": 3,
    "deployment": {
        "resources": [{"urn": URN}],
        "pending_operations": [{"type": "creating", "resource": {"urn": URN}}],
    },
}


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """What the engine exports, for a test to change; copies go to a folder of the test's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return {}


def test_a_copy_is_the_state_and_its_owners_alone(exported: dict[str, Any]) -> None:
    exported |= SOUND

    file = back_up("dev", exported)

    assert file is not None
    assert json.loads(file.read_text()) == SOUND
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_the_last_copies_are_kept(exported: dict[str, Any]) -> None:
    exported |= SOUND

    made = [back_up("dev", exported) for _ in range(KEPT + 3)]

    assert sorted(copies("dev").glob("*.json")) == made[3:]


def test_a_stack_that_was_never_made_has_no_copy(exported: dict[str, Any]) -> None:
    exported |= {"version": 3, "deployment": {"resources": None}}

    assert back_up("dev", exported) is None
    assert not copies("dev").exists()


def test_an_interrupted_update_is_copied_and_explained(exported: dict[str, Any]) -> None:
    exported |= BROKEN

    with pytest.raises(StateError) as error:
        back_up("dev", exported)

    assert str(error.value).splitlines() == [
        "dev: an update was interrupted during these operations:",
        "    creating iris-classifier",
        "Their outcome is unknown. Refresh the state, then continue:",
        "    pulumi refresh --stack dev --yes --clear-pending-creates",
        "    axon up --stack dev",
    ]
    assert len(list(copies("dev").glob("*.json"))) == 1


def test_a_state_without_pending_operations_is_not_interrupted() -> None:
    assert interrupted("dev", SOUND) is None
