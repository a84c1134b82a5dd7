"""A model is uploaded under its content, and what is printed is what a replica fetches."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from axon_runtime.config import Source
from axon_runtime.fetch import fetch
from moto.server import ThreadedMotoServer

from axon import push_model as pushing
from axon.push_model import push_model
from axon.steps import StepFailed
from predictor_images import ContentError
from stacks.settings import Stack
from tests.unit.on_aws import cluster

HERE = Stack.model_validate({"cluster": {"kind": "existing"}, "images": {"registry": "localhost:5000/axon"}})
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="models")
    return client


@pytest.fixture
def churn(tmp_path: Path) -> Path:
    folder = tmp_path / "churn"
    folder.mkdir()
    (folder / "model.joblib").write_bytes(b"fitted")
    (folder / ".env").write_text("KEY=1")
    return folder


@pytest.mark.usefixtures("s3")
def test_a_replica_fetches_what_was_pushed_by_the_lines_that_are_printed(
    churn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = push_model(HERE, "local", churn / "model.joblib", "s3://models/team")

    digest = hashlib.sha256(b"fitted").hexdigest()
    assert f'model: "{url}"\nsha256: "{digest}"\n' in capsys.readouterr().out
    assert url.startswith("s3://models/team/churn/")
    assert fetch(Source(url, digest), tmp_path / "cache").read_bytes() == b"fitted"


@pytest.mark.usefixtures("s3")
def test_another_content_is_another_url_and_the_old_one_stays(churn: Path, tmp_path: Path) -> None:
    first = push_model(HERE, "local", churn / "model.joblib", "s3://models")
    assert push_model(HERE, "local", churn / "model.joblib", "s3://models/") == first
    (churn / "model.joblib").write_bytes(b"fitted better")

    second = push_model(HERE, "local", churn / "model.joblib", "s3://models")

    assert second != first
    assert fetch(Source(first), tmp_path / "cache").read_bytes() == b"fitted"


def test_a_folder_is_pushed_without_its_hidden_files(s3: Any, churn: Path, tmp_path: Path) -> None:
    (churn / "model").mkdir()
    (churn / "model/saved_model.pb").write_bytes(b"graph")

    url = push_model(HERE, "local", churn, "s3://models/folders")

    assert url.endswith("/")
    found = fetch(Source(url), tmp_path / "cache")
    assert (found / "model/saved_model.pb").read_bytes() == b"graph"
    keys = {item["Key"] for item in s3.list_objects_v2(Bucket="models", Prefix="folders/")["Contents"]}
    assert not any(".env" in key for key in keys)


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(
    ("name", "to", "said"),
    [
        ("none.joblib", "s3://models", r"none\.joblib: no such file or folder"),
        ("model.joblib", "", r"has no bucket of its own: say where, TO=s3://bucket/prefix"),
        ("model.joblib", "models/churn", r"TO must be s3://bucket/prefix"),
        ("model.joblib", "s3://not-there", r"s3://not-there/churn/"),
    ],
)
def test_what_cannot_be_pushed_is_one_line(churn: Path, name: str, to: str, said: str) -> None:
    with pytest.raises(StepFailed, match=said) as raised:
        push_model(HERE, "local", churn / name, to)

    assert len(str(raised.value).splitlines()) == 1


def test_a_pointer_of_git_lfs_is_not_pushed(churn: Path) -> None:
    (churn / "model.joblib").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n")

    with pytest.raises(ContentError, match="pointer of Git LFS"):
        push_model(HERE, "local", churn / "model.joblib", "s3://models")


def test_a_stack_on_aws_has_a_bucket_of_its_own(
    s3: Any, churn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.create_bucket(Bucket="axon-dev-models-1")
    stack = Stack.model_validate({"cluster": cluster()})
    monkeypatch.setattr(pushing, "_bucket_of", lambda *_: "s3://axon-dev-models-1")

    url = push_model(stack, "dev", churn / "model.joblib")

    key = url.removeprefix("s3://axon-dev-models-1/")
    assert s3.get_object(Bucket="axon-dev-models-1", Key=key)["Body"].read() == b"fitted"
