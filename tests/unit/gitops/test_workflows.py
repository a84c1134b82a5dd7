"""The workflows of GitHub: of the right form, with the least rights, of the environments that there are."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from axon.environments.environments import environments
from axon.environments.protection import BRANCH
from axon.machine import LocalSettings
from axon.steps import run_steps
from axon.toolchain.go import go_command, missing_go
from stacks.settings.account import SESSION_MINUTES, Kind, key_alias
from tests.unit.isolated import isolated

PROJECT = Path(__file__).parents[3]
WORKFLOWS = sorted((PROJECT / ".github/workflows").glob("*.yaml"))
NAMES = [file.stem for file in WORKFLOWS]


def jobs(name: str) -> dict[str, Any]:
    return yaml.safe_load((PROJECT / f".github/workflows/{name}.yaml").read_text())["jobs"]


def test_workflows_have_the_form_that_github_reads() -> None:
    run = isolated(["check-jsonschema", "--builtin-schema", "vendor.github-workflows"], WORKFLOWS)

    assert run.returncode == 0, run.stdout + run.stderr


def test_workflows_are_right_by_actionlint() -> None:
    machine = LocalSettings()
    run_steps(missing_go(machine))
    # Which does not know `queue` yet; check-jsonschema does.
    unknown = 'unexpected key "queue" for "concurrency" section'
    words = [go_command(machine), "tool", "actionlint", "-no-color", "-shellcheck=", "-ignore", unknown]

    # Of the version in go.mod there, whose sums are in go.sum.
    words += map(str, WORKFLOWS)
    run = subprocess.run(words, cwd=PROJECT / "tests/workflows", capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr


def test_workflows_are_safe_by_the_rules_of_zizmor() -> None:
    """Among them: actions by commit, no more rights than are used, nothing of a pull request in a shell."""
    run = isolated(["zizmor", "--offline", "--no-progress"], WORKFLOWS)

    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("file", WORKFLOWS, ids=NAMES)
def test_actions_are_pinned_by_commit(file: Path) -> None:
    used = re.findall(r"uses: (\S+)", file.read_text())

    assert used
    assert [action for action in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action)] == []


def test_environments_are_deployed_in_their_order() -> None:
    deployed = jobs("deploy")

    assert list(deployed) == environments()
    assert [job.get("needs") for job in deployed.values()] == [None, *environments()[:-1]]
    assert [job["environment"] for job in deployed.values()] == environments()


def test_drift_and_removal_know_every_environment() -> None:
    assert jobs("drift")["drift"]["strategy"]["matrix"]["stack"] == environments()
    destroy = (PROJECT / ".github/workflows/destroy.yaml").read_text()
    assert f"options: [{', '.join(environments())}]" in destroy


@pytest.mark.parametrize("name", ["deploy", "drift", "destroy"])
def test_two_never_run_on_one_stack(name: str) -> None:
    for job in jobs(name).values():
        assert job["concurrency"]["group"].startswith("stack-")
        assert job["concurrency"]["cancel-in-progress"] is False


def groups(name: str, stack: str) -> list[dict[str, Any]]:
    """The groups of a workflow's jobs, for one stack."""
    found = [job["concurrency"] for job in jobs(name).values() if "concurrency" in job]
    places = ("${{ matrix.stack }}", "${{ inputs.stack }}")
    for place in places:
        found = [{**group, "group": group["group"].replace(place, stack)} for group in found]
    return [group for group in found if group["group"].startswith(f"stack-{stack}")]


@pytest.mark.parametrize("stack", environments())
def test_what_waits_for_a_stack_is_never_cancelled(stack: str) -> None:
    """GitHub cancels what waits in a group when one more comes, unless the group has `queue: max`."""
    deploy = groups("deploy", stack)[0]
    comers = [group for name in NAMES for group in groups(name, stack) if group["group"] == deploy["group"]]

    assert len(comers) == 2, "deploy and destroy: two updates never run on one stack"
    assert [(one["cancel-in-progress"], one["queue"]) for one in comers] == [(False, "max")] * 2
    assert [one["group"] for one in groups("drift", stack)] == [f"{deploy['group']}-drift"]


def on_aws() -> Iterator[tuple[str, Kind, dict[str, Any]]]:
    """Each job that takes a role, and what for: by the ending of its environment."""
    endings: dict[str, Kind] = {kind: kind for kind in SESSION_MINUTES}
    for name in NAMES:
        for job, found in jobs(name).items():
            if "environment" in found:
                kind = endings.get(found["environment"].rpartition("-")[2], "deploy")
                yield f"{name}.{job}", kind, found


def step_of_credentials(job: dict[str, Any]) -> int:
    """The place of the step that takes the role."""
    return next(
        index
        for index, step in enumerate(job["steps"])
        if "configure-aws-credentials" in step.get("uses", "")
    )


ON_AWS = [pytest.param(kind, job, id=name) for name, kind, job in on_aws()]


def test_each_kind_of_role_is_taken_by_a_job() -> None:
    assert {kind for _, kind, _ in on_aws()} == set(SESSION_MINUTES)
    assert len(ON_AWS) == 7


@pytest.mark.parametrize(("kind", "job"), ON_AWS)
def test_credentials_are_good_for_as_long_as_the_job_may_take(kind: Kind, job: dict[str, Any]) -> None:
    """Else an update that takes long could not save its state. The roles have the same times."""
    asked = job["steps"][step_of_credentials(job)]["with"]["role-duration-seconds"]

    assert (asked, job["timeout-minutes"] * 60) == (SESSION_MINUTES[kind] * 60,) * 2
    assert 60 <= SESSION_MINUTES[kind] <= 360, "AWS: an hour at least; GitHub: six at most"


@pytest.mark.parametrize(("kind", "job"), ON_AWS)
def test_what_a_branch_installs_and_trains_runs_without_credentials(kind: Kind, job: dict[str, Any]) -> None:
    place = step_of_credentials(job)
    before, after = (
        [step.get("run", "") for step in part] for part in (job["steps"][:place], job["steps"][place:])
    )

    assert [run for run in before if "axon tools" in run], "installs what the project needs"
    assert not [run for run in after if "axon tools" in run or "axon train" in run or "uv sync" in run]


def test_a_preview_and_the_look_for_drift_have_roles_of_their_own() -> None:
    assert jobs("pull-request")["preview"]["environment"] == "${{ matrix.stack }}-preview"
    assert jobs("drift")["drift"]["environment"] == "${{ matrix.stack }}-drift"


def test_what_is_merged_to_the_protected_branch_is_what_is_deployed() -> None:
    deploy = yaml.safe_load((PROJECT / ".github/workflows/deploy.yaml").read_text())

    # YAML 1.1 reads `on` as true.
    assert deploy[True] == {"push": {"branches": [BRANCH]}}


def test_the_stack_of_a_pull_request_has_the_key_of_its_environment() -> None:
    text = (PROJECT / ".github/workflows/ephemeral.yaml").read_text()

    assert f'"awskms://{key_alias("$ENVIRONMENT")}?region=$AWS_REGION"' in text


def test_a_deploy_is_judged_by_the_policies_that_were_there_before_it() -> None:
    for job in jobs("deploy").values():
        checkout, *_, up = job["steps"]
        assert checkout["with"]["fetch-depth"] == 0
        assert up["env"] == {"BASE": "${{ github.event.before }}"}
        assert '--base "$BASE"' in up["run"]


def holds(condition: str, action: str, label: str | None, labels: list[str], *, fork: bool = False) -> bool:
    """Whether GitHub would run a job of this condition for an event of a pull request."""
    text = " ".join(condition.split()).replace("&&", " and ").replace("||", " or ")
    values = {
        "github.event.pull_request.labels.*.name": repr(labels),
        "github.event.pull_request.head.repo.full_name": repr("them/models" if fork else "me/models"),
        "github.event.label.name": repr(label or ""),
        "github.event.action": repr(action),
        "github.repository": repr("me/models"),
    }
    for name, value in values.items():
        text = text.replace(name, value)
    return bool(eval(text, {"contains": lambda found, one: one in found}))


@pytest.mark.parametrize(
    ("action", "label", "labels", "runs"),
    [
        ("labeled", "ephemeral", ["ephemeral"], {"up"}),
        ("labeled", "foo", ["ephemeral", "foo"], set()),
        ("labeled", "ephemeral-stack", ["ephemeral", "ephemeral-stack"], set()),
        ("synchronize", None, ["ephemeral", "ephemeral-stack"], {"expire"}),
        ("synchronize", None, ["ephemeral-stack"], set()),
        ("reopened", None, ["ephemeral"], {"expire"}),
        ("unlabeled", "foo", ["ephemeral", "ephemeral-stack"], set()),
        ("unlabeled", "ephemeral-stack", ["ephemeral"], set()),
        ("unlabeled", "ephemeral", ["ephemeral-stack"], {"down"}),
        ("closed", None, ["ephemeral"], {"down"}),
        ("closed", None, ["ephemeral-stack"], {"down"}),
        ("closed", None, ["foo"], set()),
    ],
)
def test_an_ephemeral_stack_comes_and_goes_with_its_own_label(
    action: str, label: str | None, labels: list[str], runs: set[str]
) -> None:
    found = {name: job["if"] for name, job in jobs("ephemeral").items()}

    assert {name for name, condition in found.items() if holds(condition, action, label, labels)} == runs
    assert not [name for name, text in found.items() if holds(text, action, label, labels, fork=True)]


def test_a_label_is_good_for_the_commit_that_had_it() -> None:
    """What runs with the role is what was labelled, or what is merged already."""
    found = jobs("ephemeral")
    refs = {
        name: [step["with"]["ref"] for step in job["steps"] if "checkout" in step.get("uses", "")]
        for name, job in found.items()
    }

    assert refs == {
        "up": ["${{ github.event.pull_request.head.sha }}"],
        "expire": [],
        "down": ["${{ github.event.pull_request.base.sha }}"],
    }
    assert found["up"]["concurrency"] == found["down"]["concurrency"]
    assert found["up"]["concurrency"]["queue"] == "max"


@pytest.mark.parametrize("file", WORKFLOWS, ids=NAMES)
def test_an_environment_that_is_refused_stops_its_step(file: Path) -> None:
    """`eval "$(…)"` would go on with nothing when the command in it has failed."""
    assert 'eval "$(' not in file.read_text()


def test_a_fork_gets_no_preview() -> None:
    preview = jobs("pull-request")["preview"]

    assert "head.repo.full_name == github.repository" in preview["if"]
    assert {job: found.get("permissions") for job, found in jobs("pull-request").items()} == {
        "check": None,
        "changed": None,
        "preview": {"contents": "read", "id-token": "write", "pull-requests": "write"},
    }
