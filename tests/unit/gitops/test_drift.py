"""Reports of drift."""

from pathlib import Path
from typing import Any

import pytest

from axon import engine
from axon.report import command as commands
from axon.report.drift import drift_of
from axon.report.report import Exit
from axon.stack_file import settings_of
from tests.unit.gitops.edits import scenario
from tests.unit.gitops.scenarios import DEPLOYMENT, IRIS, unchanged
from tests.unit.program import exit_code


def test_a_stack_without_drift() -> None:
    drifted, text = drift_of("dev", unchanged().preview())

    assert not drifted
    assert text == "<!-- axon:drift:dev -->\n### `dev`: no drift\n"


def test_changed_and_deleted_resources_are_reported_with_the_command_that_reverts_them() -> None:
    change = unchanged()
    change.update(DEPLOYMENT, IRIS, {"spec.template.spec.containers[0].resources.requests.cpu": "200m"})
    gone = change.find(DEPLOYMENT, "digits-classifier")
    gone["op"] = "create"
    drifted, text = drift_of("dev", change.preview())

    assert drifted
    assert "### `dev` has drifted: 2 parts" in text
    assert "The next `make up STACK=dev` would revert it" in text
    assert "| digits-classifier | replicas are recreated | none |" in text
    assert "| iris-classifier | cpu" in text


def test_a_report_of_drift_has_no_secret() -> None:
    change = unchanged()
    path = "spec.template.spec.containers[0].env[0]"
    change.update(DEPLOYMENT, IRIS, {path: {"name": "API_TOKEN", "value": "s3cr3t-value"}})

    assert "s3cr3t-value" not in drift_of("dev", change.preview())[1]


def state(time: str, *pending: str) -> dict[str, Any]:
    return {"deployment": {"manifest": {"time": time}, "pending_operations": list(pending)}}


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (state("1"), state("1"), Exit.DRIFTED),
        (state("1"), state("2"), Exit.BUSY),
        (state("1", "creating"), state("1", "creating"), Exit.BUSY),
        (state("1"), state("1", "creating"), Exit.BUSY),
        ({"deployment": None}, {}, Exit.DRIFTED),
    ],
)
def test_there_is_no_report_while_an_update_is_running(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    before: dict[str, Any],
    after: dict[str, Any],
    code: Exit,
) -> None:
    states, change = iter([before, after]), scenario("new-image")
    monkeypatch.setattr(commands, "connected", lambda _: settings_of(change.after, "dev"))
    monkeypatch.setattr(engine, "preview_json", lambda *_, **__: change.document)
    monkeypatch.setattr(engine, "export", lambda _: next(states))
    file = tmp_path / "drift.md"

    assert exit_code("drift", "--stack", "dev", "--output", str(file)) == code
    assert file.exists() is (code == Exit.DRIFTED)
