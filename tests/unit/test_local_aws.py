"""What `make up` does for a stack on AWS, with stand-ins for the `aws` and `buildah` commands."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

from axon.aws_cli import check_aws
from axon.images import ecr as registry
from axon.images.build import Builder
from axon.images.ecr import ecr_region
from axon.machine import LocalSettings
from axon.steps import StepFailed
from stacks.settings import load_file
from stacks.settings.aws.eks import Access, EksCluster
from tests.unit.stand_ins import command

IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/axon-dev/iris:1"
REPOSITORIES = IMAGE.rsplit("/", 1)[0]


def dev() -> EksCluster:
    cluster = load_file("dev").cluster
    assert isinstance(cluster, EksCluster)
    return cluster


def test_credentials_of_another_account_stop_before_anything(commands: Path) -> None:
    identity = json.dumps({"Account": "999988887777", "Arn": "arn:aws:iam::999988887777:user/me"})
    command(commands, "aws", f"echo '{identity}'")

    with pytest.raises(StepFailed, match=r"logged in to AWS account 999988887777.*is of 111122223333"):
        check_aws(dev())


def let_in(*principals: str) -> EksCluster:
    access = {f"a{index}": Access(principal_arn=arn) for index, arn in enumerate(principals)}
    return dev().model_copy(update={"access": access})


@pytest.mark.parametrize(
    ("arn", "principal"),
    [
        ("iam::111122223333:user/me", "iam::111122223333:user/me"),
        ("sts::111122223333:assumed-role/deploy/session", "iam::111122223333:role/deploy"),
        ("sts::111122223333:assumed-role/deploy/session", "iam::111122223333:role/aws-reserved/sso/deploy"),
    ],
)
def test_credentials_of_whom_the_cluster_lets_in_are_shown(commands: Path, arn: str, principal: str) -> None:
    command(commands, "aws", f"echo '{json.dumps({'Account': '111122223333', 'Arn': f'arn:aws:{arn}'})}'")

    assert check_aws(let_in(f"arn:aws:{principal}")) == f"arn:aws:{arn}"


def test_who_is_not_let_in_is_told_the_entry_that_does_it(commands: Path) -> None:
    arn = "arn:aws:sts::111122223333:assumed-role/admin/me"
    command(commands, "aws", f"echo '{json.dumps({'Account': '111122223333', 'Arn': arn})}'")

    with pytest.raises(StepFailed) as refused:
        check_aws(
            let_in("arn:aws:iam::111122223333:role/administrator", "arn:aws:iam::111122223333:user/admin")
        )

    entry = '`me: {principal_arn: "arn:aws:iam::111122223333:role/admin", policy: cluster-admin}`'
    assert entry in str(refused.value)


def test_no_credentials_say_what_to_do(commands: Path) -> None:
    command(commands, "aws", "echo 'Unable to locate credentials' >&2; exit 253")

    with pytest.raises(StepFailed, match=r"aws sso login.*Unable to locate credentials"):
        check_aws(dev())


def test_no_aws_cli_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(StepFailed, match="AWS CLI"):
        check_aws(dev())


@pytest.mark.parametrize(
    ("image", "region"), [(IMAGE, "eu-west-1"), ("localhost:5000/axon/iris:1", None), ("ghcr.io/a/b:1", None)]
)
def test_only_ecr_wants_the_login_of_aws(image: str, region: str | None) -> None:
    assert ecr_region(image) == region


def test_the_registrys_password_stands_on_no_command_line(
    commands: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(commands, "aws", "echo secret-password")
    command(commands, "docker", "exit 1")
    calls = tmp_path / "calls"
    command(commands, "buildah", f'echo "$@" >> {calls}; [ "$1" = login ] && cat > {tmp_path}/stdin; exit 0')
    settings = LocalSettings(run_dir=tmp_path / "run", cache_dir=tmp_path, data_dir=tmp_path)
    (tmp_path / "Dockerfile").touch()

    Builder(settings).build(IMAGE, tmp_path, tmp_path / "Dockerfile")

    lines = calls.read_text().splitlines()
    assert (tmp_path / "stdin").read_text() == "secret-password"
    assert "secret-password" not in calls.read_text()
    assert [line for line in lines if " push " in line and f"--authfile {tmp_path}/run" in line]
    assert "--tls-verify=false" not in calls.read_text()


def test_a_stack_is_made_up_to_its_models_by_their_component(
    commands: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command(commands, "pulumi", f'echo "$@" > {tmp_path}/calls')

    registry.make_all_but_models("dev", load_file("dev"), REPOSITORIES, ["iris"])

    words = (tmp_path / "calls").read_text()
    assert words.startswith("up ")
    assert "--stack dev" in words
    assert "--exclude **axon:model_api:ModelApi**" in words
    assert "--refresh" in words
    assert "--continue-on-error" in words


@pytest.mark.parametrize("there", [True, False])
def test_images_are_pushed_where_aws_refused_something_else(
    commands: Path, tmp_path: Path, there: bool
) -> None:
    command(commands, "pulumi", "exit 1")
    command(commands, "aws", f'echo "$@" > {tmp_path}/asked; exit {0 if there else 254}')
    ends = nullcontext() if there else pytest.raises(StepFailed, match="without its models failed")

    with ends:
        registry.make_all_but_models("dev", load_file("dev"), REPOSITORIES, ["iris", "sklearn"])

    assert "--repository-names axon-dev/iris axon-dev/sklearn" in (tmp_path / "asked").read_text()
