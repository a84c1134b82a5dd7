"""What has drifted, in plain words."""

from pathlib import Path
from typing import Any

import pytest

from axon import engine
from axon.report import command as commands
from axon.report.drift import drift_of
from axon.report.report import Exit
from axon.stack_file import settings_of
from tests.unit.gitops.kinds import new_image, nothing
from tests.unit.gitops.scenarios import DEPLOYMENT, IRIS, World
from tests.unit.program import exit_code


def test_a_stack_that_is_as_deployed_says_so() -> None:
    drifted, text = drift_of("dev", nothing().preview())

    assert not drifted
    assert text == "<!-- axon:drift:dev -->\n### `dev` is as it was deployed\n"


def test_what_somebody_changed_or_deleted_is_said_with_what_undoes_it() -> None:
    world = World()
    world.update(DEPLOYMENT, IRIS, {"spec.template.spec.containers[0].resources.requests.cpu": "200m"})
    gone = world.find(DEPLOYMENT, "digits-classifier")
    gone["op"] = "create"
    drifted, text = drift_of("dev", world.preview())

    assert drifted
    assert "### `dev` has drifted: 2 parts" in text
    assert "`make up STACK=dev` would undo that" in text
    assert "| digits-classifier | its replicas are made again | none |" in text
    assert "| iris-classifier | cpu" in text


def test_no_secret_is_in_what_is_said() -> None:
    world = World()
    path = "spec.template.spec.containers[0].env[0]"
    world.update(DEPLOYMENT, IRIS, {path: {"name": "API_TOKEN", "value": "s3cr3t-value"}})

    assert "s3cr3t-value" not in drift_of("dev", world.preview())[1]


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
def test_nothing_is_said_of_drift_while_an_update_is_under_way(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    before: dict[str, Any],
    after: dict[str, Any],
    code: Exit,
) -> None:
    states, world = iter([before, after]), new_image()
    monkeypatch.setattr(commands, "connected", lambda _: settings_of(world.after, "dev"))
    monkeypatch.setattr(engine, "preview_json", lambda *_, **__: world.document())
    monkeypatch.setattr(engine, "export", lambda _: next(states))
    file = tmp_path / "drift.md"

    assert exit_code("drift", "--stack", "dev", "--output", str(file)) == code
    assert file.exists() is (code == Exit.DRIFTED)
