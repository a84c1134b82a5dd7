"""A stack file at two commits in git, and the command as a pull request runs it."""

import json
import subprocess
from pathlib import Path

import pytest

from axon.engine import PreviewError, preview_json, read_output
from axon.report.markdown import marker
from axon.stack_file import GitError, at_base, key_changes
from tests.unit.gitops.edits import scenario
from tests.unit.gitops.scenarios import Scenario
from tests.unit.program import exit_code

A = "config: {axon:models: {iris: {compute: {cpu: 200m}, node_groups: [a]}}, app:key: {secure: v1:old}}"
B = "config: {axon:models: {iris: {compute: {cpu: 400m}, node_groups: [a]}}, app:key: {secure: v1:new}}"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose branch has left main, which then went on."""

    def git(*words: str) -> None:
        name = ("-c", "user.name=test", "-c", "user.email=test@example.com")
        subprocess.run(["git", *name, *words], cwd=tmp_path, check=True, capture_output=True)

    def commit(text: str) -> None:
        (tmp_path / "stacks").mkdir(exist_ok=True)
        (tmp_path / "stacks/Pulumi.dev.yaml").write_text(text)
        git("add", "-A")
        git("commit", "-m", "edit")

    git("init", "-b", "main")
    commit(A)
    git("checkout", "-b", "branch")
    commit(B)
    git("checkout", "main")
    commit("config: {}")
    git("checkout", "branch")
    return tmp_path


def test_the_base_is_where_the_branch_left_it(repository: Path) -> None:
    assert at_base("main", "dev", repository) == A


def test_a_stack_that_the_base_lacks_is_new(repository: Path) -> None:
    assert at_base("main", "prod", repository) == ""


def test_a_base_that_git_does_not_know_is_said(repository: Path) -> None:
    with pytest.raises(GitError, match="no common commit of nowhere and HEAD"):
        at_base("nowhere", "dev", repository)


def test_a_changed_key_is_one_change() -> None:
    changes = key_changes(A, B)

    assert [(c.path, c.before, c.after) for c in changes if "app" not in c.path] == [
        ("axon:models.iris.compute.cpu", "200m", "400m")
    ]


def test_a_changed_secret_is_a_change_without_its_value() -> None:
    (secret,) = [change for change in key_changes(A, B) if change.path == "app:key"]

    assert (secret.before, secret.after) == ("'[secret]'", "'[secret]'")


def test_a_key_that_comes_or_goes_has_one_side() -> None:
    (gone,) = key_changes("config: {axon:a: {b: 1}}", "config: {axon:a: {}}")

    assert (gone.path, gone.before, gone.after) == ("axon:a.b", "1", None)


def test_a_file_that_is_no_yaml_has_no_keys() -> None:
    assert [change.after for change in key_changes("config: {axon:a: 1}", "config: {")] == [None]


def run(change: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    """Run the report on a preview that is there already, against this repository."""
    preview, output = tmp_path / "preview.json", tmp_path / "comment.md"
    preview.write_text(json.dumps(change.document))
    given = ["--stack", "dev", "--base", "HEAD", "--preview", str(preview), "--output", str(output)]
    return exit_code("report", *given, *words), output.read_text()


def test_a_safe_change_ends_with_zero(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = run(scenario("new-image"), tmp_path, monkeypatch)

    assert code == 0
    assert "new image: rolling update of 1 to 4 replicas" in text


def test_a_destructive_change_ends_with_three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(scenario("removed-model"), tmp_path, monkeypatch)[0] == 3


def test_a_stack_that_is_not_there_is_a_comment_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, text = run(scenario("new-image"), tmp_path, monkeypatch, "--stack", "nowhere")

    assert code == 1
    assert text.startswith(marker("nowhere"))
    assert "stacks/Pulumi.nowhere.yaml: no such stack file (have: " in text


def test_a_base_that_is_not_there_is_a_comment_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, text = run(scenario("new-image"), tmp_path, monkeypatch, "--base", "nowhere")

    assert code == 1
    assert "no common commit of nowhere and HEAD" in text


def test_the_cost_of_a_stack_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert exit_code("cost", "--stack", "dev") == 0
    assert "control plane" in capsys.readouterr().out


def test_json_is_found_after_other_lines() -> None:
    assert read_output('warning: using a double\n{"steps": []}', "") == {"steps": []}


def test_an_engine_that_says_no_json_is_quoted_without_secrets() -> None:
    with pytest.raises(PreviewError, match=r"passphrase=\[secret\]"):
        read_output("", "error: bad passphrase=hunter2hunter2")


def test_without_an_engine_one_line_says_how_to_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(PreviewError, match="axon tools"):
        preview_json("dev")


@pytest.mark.parametrize("refresh", [True, False])
def test_the_world_is_read_only_where_that_is_asked_for(
    refresh: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading it takes rights in the cluster that the preview of a pull request does not have."""
    _engine_that_says("$*", tmp_path, monkeypatch)

    said = preview_json("dev", refresh=refresh)["said"]

    assert said.startswith("preview --json")
    assert "--stack dev --non-interactive" in said
    assert ("--refresh" in said) is refresh


def test_a_preview_writes_no_checkpoint_for_each_resource(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _engine_that_says("$PULUMI_SKIP_CHECKPOINTS", tmp_path, monkeypatch)

    assert preview_json("local") == {"said": "true"}


def _engine_that_says(what: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = folder / "pulumi"
    engine.write_text(f'#!/bin/sh\necho "{{\\"said\\": \\"{what}\\"}}"\n')
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
