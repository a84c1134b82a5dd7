"""A stack on AWS is read and changed where everybody finds its state, with secrets that a key opens."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pulumi
import pytest

import axon.backend
from axon import engine
from axon.backend import BackendError, check_backend
from axon.found import environment
from axon.machine import LocalSettings
from axon.training.trained import trained
from stacks.settings import load_file
from stacks.settings.local_state import check_not_local
from tests.unit.aws_stack_file import GOOD
from tests.unit.program import exit_code
from tests.unit.stand_ins import command

PROJECT = Path(__file__).parents[2]
BUCKET = "s3://axon-state-111122223333-eu-west-1?region=eu-west-1"
IN_A_FOLDER = (
    "dev is on AWS, and its state would be in a folder of this machine: log in first, `pulumi login "
    f"'{BUCKET}'` or PULUMI_BACKEND_URL (`make bootstrap` makes the bucket)"
)
KMS = "secretsprovider: awskms://alias/axon-state?region=eu-west-1\n"
EKS = ["kind: eks", 'kind: "eks"', "kind: 'eks'", "'kind': eks", "kind:   eks", "kind: eks # not existing"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the folder of an engine in which nobody has logged in yet."""
    return tmp_path / "pulumi"


def chosen(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    return {"PULUMI_HOME": str(home), **more}


@pytest.mark.parametrize(
    "url",
    [None, "", "file:///root/state", "FILE:///state", "file://~", "file://./state", "mem://", "/srv/state"],
)
def test_a_stack_on_aws_refuses_a_state_that_others_do_not_find(home: Path, url: str | None) -> None:
    environ = chosen(home, {} if url is None else {"PULUMI_BACKEND_URL": url})

    with pytest.raises(BackendError) as error:
        check_backend(load_file("dev"), "dev", environ)

    assert str(error.value) == IN_A_FOLDER


def test_a_login_to_a_folder_is_one_to_a_folder(home: Path) -> None:
    home.mkdir()
    (home / "credentials.json").write_text(json.dumps({"current": "file://~"}))

    with pytest.raises(BackendError, match="a folder of this machine"):
        check_backend(load_file("dev"), "dev", chosen(home, {"PULUMI_ACCESS_TOKEN": "pul-0"}))


@pytest.mark.parametrize(
    "more", [{"PULUMI_BACKEND_URL": BUCKET}, {"PULUMI_ACCESS_TOKEN": "pul-0"}], ids=["bucket", "cloud"]
)
def test_a_stack_on_aws_takes_a_state_that_is_shared(home: Path, more: dict[str, str]) -> None:
    check_backend(load_file("dev"), "dev", chosen(home, more))


def test_a_login_to_the_bucket_counts(home: Path) -> None:
    home.mkdir()
    (home / "credentials.json").write_text(json.dumps({"current": BUCKET}))

    check_backend(load_file("dev"), "dev", chosen(home, {}))


@pytest.mark.parametrize("passphrase", ["", "local"])
@pytest.mark.parametrize("in_file", [False, True])
def test_a_passphrase_that_everybody_knows_is_refused(
    home: Path, tmp_path: Path, passphrase: str, in_file: bool
) -> None:
    file = tmp_path / "passphrase"
    file.write_text(f"{passphrase}\n")
    name, value = ("_FILE", str(file)) if in_file else ("", passphrase)
    environ = chosen(home, {"PULUMI_BACKEND_URL": BUCKET, f"PULUMI_CONFIG_PASSPHRASE{name}": value})

    with pytest.raises(
        BackendError, match=r"knows the passphrase.*--secrets-provider 'awskms://alias/axon-state"
    ):
        check_backend(load_file("dev"), "dev", environ)


@pytest.mark.parametrize("more", [{"PULUMI_CONFIG_PASSPHRASE": "correct horse battery"}, {}])
def test_a_passphrase_of_the_users_own_is_taken_and_none_is_the_engines_to_ask_for(
    home: Path, more: dict[str, str]
) -> None:
    check_backend(load_file("dev"), "dev", chosen(home, {"PULUMI_BACKEND_URL": BUCKET, **more}))


def test_with_a_key_of_the_account_no_passphrase_matters(
    home: Path, stack_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(axon.backend, "STACKS", stack_file.parent)
    stack_file.write_text(GOOD + KMS)
    environ = chosen(home, {"PULUMI_BACKEND_URL": BUCKET, "PULUMI_CONFIG_PASSPHRASE": "local"})

    check_backend(load_file("test"), "test", environ)


@pytest.mark.parametrize("variable", ["HOME", "XDG_STATE_HOME", "AXON_LOCAL_STATE_DIR"])
def test_the_program_itself_refuses_the_folder_that_make_env_chooses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    """`eval "$(axon env)"` is of the machine; a `pulumi up --stack prod` in that shell is not."""
    for name in ("XDG_STATE_HOME", "AXON_LOCAL_STATE_DIR", "PULUMI_BACKEND_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    chosen = environment(LocalSettings(state_dir=state_dir(variable, tmp_path)), [], local_cluster=False)
    assert chosen["PULUMI_BACKEND_URL"].startswith(f"file://{tmp_path}")
    monkeypatch.setenv("PULUMI_BACKEND_URL", chosen["PULUMI_BACKEND_URL"])

    with pytest.raises(pulumi.RunError, match=r"prod is on AWS.*axon env --stack prod"):
        check_not_local(load_file("prod"), "prod")
    check_not_local(load_file("local"), "local")


def state_dir(variable: str, folder: Path) -> Path:
    """What LocalSettings has by default where this variable is set: it reads some when it is imported."""
    below = {"HOME": folder / ".local/state/axon", "XDG_STATE_HOME": folder / "axon"}
    return below.get(variable, folder)


def test_a_stack_elsewhere_may_have_its_state_in_a_folder(home: Path) -> None:
    check_backend(load_file("local"), "local", chosen(home, {"PULUMI_CONFIG_PASSPHRASE": "local"}))


@pytest.mark.parametrize(
    "words",
    [
        *(
            ["up"],
            ["preview"],
            ["down"],
            ["refresh"],
            ["env"],
            ["images"],
            ["predict"],
            ["report"],
            ["drift"],
        ),
        *(["policies"], ["back-up"], ["endpoints"], ["ephemeral", "--name", "pr-12"]),
    ],
    ids=lambda words: words[0],
)
@pytest.mark.parametrize("more", [{}, {"PULUMI_BACKEND_URL": "file:///tmp/state"}], ids=["nothing", "folder"])
def test_no_command_reads_or_changes_a_state_in_a_folder(
    home: Path,
    words: list[str],
    more: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in [name for name in os.environ if name.startswith(("PULUMI_", "AWS_"))]:
        monkeypatch.delenv(name)
    given = {"HOME": str(home), "PULUMI_HOME": str(home), "XDG_STATE_HOME": str(home / "state"), **more}
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    assert exit_code(*words, "--stack", "prod") == 1

    found = capsys.readouterr()
    assert "prod is on AWS, and its state would be in a folder of this machine" in found.out + found.err
    assert not (home / "state").exists(), "not even a folder was made"


def test_make_ends_as_the_command_does(home: Path) -> None:
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "MAKE"))}
    environ |= {"HOME": str(home), "PULUMI_HOME": str(home)}
    words = ["make", "-s", "-o", ".venv", "up", "STACK=dev"]

    made = subprocess.run(words, cwd=PROJECT, env=environ, capture_output=True, text=True, check=False)

    assert made.returncode == 2
    assert made.stderr.splitlines()[0] == IN_A_FOLDER
    assert not (home / ".local").exists()


def words_of_up(commands: Path, tmp_path: Path) -> str:
    """What the engine is given for an `up` of the stack `test`."""
    command(commands, "pulumi", f'echo "$@" > {tmp_path}/words')
    assert engine.up("test", load_file("test"))
    return (tmp_path / "words").read_text()


@pytest.mark.parametrize("kind", EKS)
def test_the_world_is_read_first_on_aws_however_the_file_is_written(
    stack_file: Path, commands: Path, tmp_path: Path, kind: str
) -> None:
    assert "kind: eks" in GOOD
    stack_file.write_text(GOOD.replace("kind: eks", kind))

    # What AWS refuses stops nothing else.
    assert "--refresh --continue-on-error" in words_of_up(commands, tmp_path)


def test_elsewhere_the_world_is_not_read_first(stack_file: Path, commands: Path, tmp_path: Path) -> None:
    stack_file.write_text(
        "config:\n  axon:cluster: {kind: existing} # not kind: eks\n"
        "  axon:images: {registry: localhost:5000/a}\n"
    )

    assert "--refresh" not in words_of_up(commands, tmp_path)


def exported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What `axon env` prints for the stack `test`."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", BUCKET)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    assert exit_code("env", "--stack", "test") == 0
    lines = [line.removeprefix("export ") for line in capsys.readouterr().out.splitlines()]
    return dict(line.split("=", 1) for line in lines)


def test_a_stack_on_aws_is_given_neither_folder_nor_passphrase(
    stack_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack_file.write_text(GOOD)

    assert not [name for name in exported(monkeypatch, capsys) if name.startswith("PULUMI_CONFIG_PASS")]


def test_predictors_are_trained_wherever_their_folder_is(stack_file: Path, tmp_path: Path) -> None:
    (tmp_path / "models/churn").mkdir(parents=True)
    (tmp_path / "models/churn/train.py").touch()
    (tmp_path / "predictors/saved").mkdir(parents=True)
    stack_file.write_text(
        "config:\n  axon:cluster: {kind: existing}\n  axon:images: {registry: localhost:5000/a}\n"
        "  axon:models:\n"
        '    a: {predictor: {type: "sklearn", "path": "models/churn"}}\n'
        "    b: {predictor: {type: sklearn, path: predictors/saved}} # not predictors/iris\n"
        "    c: {predictor: {image: registry.example/iris:1}}\n"
    )

    assert trained(load_file("test"), tmp_path) == [tmp_path / "models/churn"]
