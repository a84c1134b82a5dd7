"""A change is checked with the policies of its base branch, and cannot weaken them."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import axon.report.policy_check as judged
from axon import engine, gate, session
from axon import up as updating
from axon.cost.costs import cost_of
from axon.report.base_branch import Base, read_base
from axon.report.policy_check import context_of, policy_violations
from axon.report.report import Exit
from axon.stack_file import GitError, path_of, settings_of
from policies import Context
from stacks.settings import load_file
from stacks.settings.project import PROJECT
from tests.unit.gitops.edits import scenario
from tests.unit.gitops.scenarios import IMAGE, Edit, Scenario, StackFile, unchanged
from tests.unit.program import exit_code

LOOSE = "from policies.check import Context, Resource, Violation, violations\nPOLICIES = ()\n"


class Repository:
    """A repository whose branch `main` has the policies and the stack files as they are here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(
            PROJECT / "policies", folder / "policies", ignore=shutil.ignore_patterns("__pycache__")
        )
        (folder / "stacks").mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> None:
        who = ["-c", "user.name=me", "-c", "user.email=me@example.com"]
        subprocess.run(["git", *who, *words], cwd=self.folder, check=True, capture_output=True)

    def commit(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "a change")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def broken(change: Scenario, base: Base | None) -> dict[str, str]:
    settings = settings_of(change.after, change.stack)
    found = policy_violations(change.preview(), settings, change.stack, None, base)
    return {violation.policy.name: violation.level for violation in found}


def test_a_branch_cannot_take_away_the_policy_that_it_breaks(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = scenario("latest-image-in-production")
    repository.commit(**{path_of("prod"): change.before})
    repository.git("checkout", "-q", "-b", "loose")
    repository.commit(**{"policies/__init__.py": LOOSE, "policies/registries.txt": "registry.example\n"})
    monkeypatch.setattr(judged, "POLICIES", ())  # as the branch has it

    found = broken(change, read_base("main", "prod", repository.folder))

    assert found == {"foreign-registry": "mandatory", "mutable-image-tag": "mandatory"}


def test_a_branch_may_be_stricter(repository: Repository) -> None:
    change = scenario("latest-image-in-production")
    repository.commit(**{path_of("prod"): change.before, "policies/__init__.py": LOOSE})

    found = broken(change, read_base("main", "prod", repository.folder))

    assert found == {"foreign-registry": "mandatory", "mutable-image-tag": "mandatory"}


def test_a_registry_is_allowed_once_the_base_allows_it(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    change = scenario("latest-image-in-production")
    repository.commit(**{path_of("prod"): change.before})
    monkeypatch.setattr("stacks.settings.project.PROJECT", repository.folder)
    (repository.folder / "policies/registries.txt").write_text("registry.example\n")
    assert "foreign-registry" in broken(change, read_base("main", "prod", repository.folder))

    repository.commit()

    assert broken(change, read_base("main", "prod", repository.folder)) == {"mutable-image-tag": "mandatory"}


def test_a_branch_cannot_name_another_registry_its_own(repository: Repository) -> None:
    change = unchanged("prod")
    change.update("kubernetes:apps/v1:Deployment", "iris-classifier", {IMAGE: "evil.example/axon/iris:1.0"})
    repository.commit(**{path_of("prod"): change.before})
    base = read_base("main", "prod", repository.folder)
    settings = load_file("prod")
    renamed = settings.model_copy(
        update={"images": settings.images.model_copy(update={"registry": "evil.example/axon"})}
    )

    context = context_of(renamed, "prod", None, base)

    assert not [name for name in context.registries if "evil" in name]


def test_a_branch_cannot_turn_production_into_something_less(repository: Repository) -> None:
    change = scenario("open-kubernetes-api")
    assert broken(change, None) == {"public-kubernetes-api": "advisory"}
    repository.commit(
        **{path_of("dev"): change.before.replace("axon:cluster:\n", "axon:cluster:\n    protected: true\n")}
    )
    base = read_base("main", "dev", repository.folder)
    assert base
    assert base.settings

    assert broken(change, base) == {"public-kubernetes-api": "mandatory"}


def with_cost(file: StackFile, base: Base) -> Context:
    settings = settings_of(file.text, "prod")
    assert settings
    return context_of(settings, "prod", cost_of(settings), base)


def test_a_change_that_costs_more_cannot_raise_its_own_budget(repository: Repository) -> None:
    edit = Edit("prod")
    base = Base("main", {}, settings_of(edit.before.text, "prod"))

    edit.after.cluster["budget"]["monthly_usd"] = 500_000
    same = with_cost(edit.after, base)
    edit.after.groups["cpu"]["min_instances"] += 5
    more = with_cost(edit.after, base)

    assert same.budget == 500_000, "in a change of its own it may be raised"
    assert more.budget == 5000


def test_a_base_of_an_earlier_version_judges_too(repository: Repository) -> None:
    (repository.folder / "policies/__main__.py").unlink()
    change = scenario("latest-image-in-production")
    repository.commit(**{path_of("prod"): change.before})
    base = read_base("main", "prod", repository.folder)
    assert base

    assert {v.policy.name for v in base.check([], context_of(None, "prod", None))} <= {"over-budget"}
    assert broken(change, base) == {"foreign-registry": "mandatory", "mutable-image-tag": "mandatory"}


def test_policies_that_give_no_answer_let_nothing_pass(repository: Repository) -> None:
    repository.commit(**{"policies/__init__.py": "raise RuntimeError('broken')\n"})
    base = read_base("main", "dev", repository.folder)

    with pytest.raises(GitError, match="cannot run the policies of main: RuntimeError: broken"):
        broken(scenario("new-image"), base)


def test_a_branch_that_is_only_at_the_remote_is_found(repository: Repository) -> None:
    repository.commit()
    repository.git("update-ref", "refs/remotes/origin/release", "main")

    assert read_base("release", "dev", repository.folder)
    assert read_base("--output=/tmp/x", "dev", repository.folder) is None
    assert read_base("nowhere", "dev", repository.folder) is None


def run(
    monkeypatch: pytest.MonkeyPatch,
    change: Scenario,
    base: Base | None,
    document: dict[str, Any] | None = None,
) -> int:
    """Run `axon policies` on a preview that is there."""
    monkeypatch.setattr(session, "connected", lambda _: settings_of(change.after, change.stack))
    monkeypatch.setattr(engine, "preview_json", lambda *_, **__: document or change.document)
    monkeypatch.setattr(judged, "read_base", lambda *_: base)
    return exit_code("policies", "--stack", change.stack)


def test_up_is_blocked_with_a_line_that_names_the_resource_and_the_fix(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(monkeypatch, scenario("latest-image-in-production"), Base("main", {}, None))

    assert code == Exit.FORBIDDEN
    assert capsys.readouterr().err.splitlines()[1] == (
        "blocked: iris-classifier: registry.example/iris:latest has the tag latest (mutable-image-tag). "
        "Use a tag that never moves, or better the digest (`image@sha256:…`)."
    )


def test_advice_stops_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, scenario("open-kubernetes-api"), None) == Exit.SAFE
    assert capsys.readouterr().err.startswith("advice: axon-dev-eksCluster: ")


def test_what_keeps_the_policies_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, unchanged(), None) == Exit.SAFE
    assert capsys.readouterr() == ("", "")


def test_production_is_not_changed_without_a_base_that_judges(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, unchanged("prod"), None) == Exit.FAILED
    assert capsys.readouterr().err == (
        "main: no such branch or commit; updates of prod need its policies (try BASE=origin/main)\n"
    )


def test_a_preview_that_fails_stops_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {"diagnostics": [{"severity": "error", "message": "no credentials; token=abcdefgh"}], "steps": []}

    assert run(monkeypatch, unchanged(), None, said) == Exit.FAILED
    assert capsys.readouterr().err == "no credentials; token=[secret]\n"


@pytest.mark.parametrize("command", ["up", "images"])
def test_the_policies_are_asked_before_anything_is_changed(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Images come first in an `up`, and on AWS all but the models with them."""
    asked: list[tuple[str, str]] = []
    settings = settings_of(scenario("new-image").after, "dev")
    monkeypatch.setattr(updating, "ready", lambda _: settings)
    monkeypatch.setattr(session, "connected", lambda _: settings)
    monkeypatch.setattr(session, "check_models", lambda _: None)
    monkeypatch.setattr(engine, "select", lambda _: None)
    for module in (updating, gate):
        monkeypatch.setattr(module, "refused", lambda name, _, base: asked.append((name, base)) or True)
    monkeypatch.setattr(updating, "make_images", lambda *_: pytest.fail("images were made"))
    monkeypatch.setattr(engine, "up", lambda *_, **__: pytest.fail("the stack was changed"))

    assert exit_code(command, "--stack", "prod", "--base", "origin/main") == 1
    assert asked == [("prod", "origin/main")]
