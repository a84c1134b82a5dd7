"""An account before any stack: made on the real engine, whose state then moves to S3."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from axon.environments.bootstrap import bootstrap
from axon.state import StateError
from stacks.settings.account import key_alias
from stacks.settings.bootstrap import Bootstrap
from stacks.settings.bootstrap_file import load_bootstrap_file
from tests.doubles import Account
from tests.stacks import PROJECT, environment_of_tests

pytestmark = pytest.mark.engine
STATE = ".pulumi/stacks/axon-bootstrap/main.json"
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1"}


@dataclass
class Bare:
    """An account with nothing in it, and a project of one's own; S3 and KMS answer beside it."""

    folder: Path
    account: Account
    settings: Bootstrap
    s3: Any
    backend: str

    def bootstrap(self) -> None:
        bootstrap("main", self.settings, folder=self.folder, backend=self.backend)

    def states(self) -> list[str]:
        """Return what the bucket holds."""
        found = self.s3.list_objects_v2(Bucket=self.settings.bucket).get("Contents", [])
        return [entry["Key"] for entry in found]

    def output(self) -> dict[str, Any]:
        command = ["pulumi", "stack", "output", "--json", "--stack", "main"]
        environment = {**environment_of_tests(), "PULUMI_BACKEND_URL": self.backend}
        run = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=True
        )
        return json.loads(run.stdout)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with Account(tmp_path / "account") as opened:
        yield opened


@pytest.fixture
def bare(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bare]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    folder = _project(tmp_path / "axon")
    settings, _ = load_bootstrap_file(folder / "Pulumi.main.yaml")
    found = account.environment(environment_of_tests(), tmp_path / "kubeconfig")
    own = {**KEYS, "AWS_ENDPOINT_URL": f"http://{host}:{port}", "XDG_STATE_HOME": str(tmp_path / "state")}
    for name, value in {**found, **own}.items():
        monkeypatch.setenv(name, value)
    s3, kms = (boto3.client(name, region_name=settings.region) for name in ("s3", "kms"))
    httpx.post(f"http://{host}:{port}/moto-api/reset").raise_for_status()  # all servers of a process share it
    # The bucket that the double of AWS makes is another's: its policy, whose conditions moto does not know,
    # would keep the state out.
    s3.create_bucket(
        Bucket=settings.bucket, CreateBucketConfiguration={"LocationConstraint": settings.region}
    )
    kms.create_alias(AliasName=key_alias(), TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    try:
        yield Bare(folder, account, settings, s3, f"{settings.backend}&s3ForcePathStyle=true")
    finally:
        server.stop()


def _project(project: Path) -> Path:
    for part in (".venv", "components", "predictor_images", "stacks/settings"):
        (project / part).parent.mkdir(parents=True, exist_ok=True)
        (project / part).symlink_to(PROJECT / part)
    for name in ("dev", "prod"):
        shutil.copy(PROJECT / f"stacks/Pulumi.{name}.yaml", project / "stacks")
    shutil.copytree(PROJECT / "bootstrap", project / "bootstrap")
    return project / "bootstrap"


def test_the_state_of_what_made_the_bucket_ends_in_it(bare: Bare, tmp_path: Path) -> None:
    bare.bootstrap()

    assert STATE in bare.states()
    assert not [key for key in bare.states() if "/locks/" in key], "nobody holds the lock any more"
    assert not list((tmp_path / "state").rglob("*.json")), "nor is there a second truth on this machine"
    assert "secretsprovider: awskms://" in (bare.folder / "Pulumi.main.yaml").read_text()
    made = bare.account.resources()
    bare.bootstrap()
    assert bare.account.resources() == made, "again is the same"


def test_each_environment_is_told_its_role_and_where_its_state_is(bare: Bare) -> None:
    bare.bootstrap()

    github = bare.output()["github"]
    assert sorted(github) == [
        *("dev", "dev-drift", "dev-ephemeral", "dev-preview"),
        *("prod", "prod-drift", "prod-preview"),
    ]
    assert github["dev-ephemeral"]["CLUSTER"] == "axon-dev"
    assert github["dev"] == {
        "AWS_ROLE": "arn:aws:iam::111122223333:role/axon-github-dev",
        "AWS_REGION": "eu-west-1",
        "PULUMI_BACKEND_URL": "s3://axon-state-111122223333-eu-west-1?region=eu-west-1",
    }


def test_a_move_that_was_cut_off_is_done_again(bare: Bare) -> None:
    command = ["pulumi", "stack", "init", "main", "--secrets-provider", bare.settings.secrets_provider()]
    environment = {**environment_of_tests(), "PULUMI_BACKEND_URL": bare.backend}
    subprocess.run(command, cwd=bare.folder, env=environment, capture_output=True, check=True)

    bare.bootstrap()

    assert "dev" in bare.output()["github"]


def test_what_failed_half_way_goes_on_from_there(bare: Bare) -> None:
    bare.account.fail("aws:s3/bucketPolicy:*", "*", "create", "AccessDenied")
    with pytest.raises(StateError, match="run the same command again to continue"):
        bare.bootstrap()
    assert STATE not in bare.states()

    bare.bootstrap()

    assert STATE in bare.states()
