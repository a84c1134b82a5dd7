"""Models in S3, by a server that speaks it, and in Google's store, by answers as its own are."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import joblib
import pytest
from axon_runtime import remote
from axon_runtime.config import Source
from axon_runtime.fetch import FetchError, fetch
from moto.server import ThreadedMotoServer

from tests_of_runtime.servers import PROJECT, replica, start
from tests_of_runtime.web import Reply, Web, web

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"}
IRIS = PROJECT / "predictors" / "iris"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An S3 of one's own."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Its client, and a bucket `models`; the environment leads there."""
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="models")
    return client


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as made:
        yield made


def refusal(url: str, cache: Path) -> str:
    with pytest.raises(FetchError) as error:
        fetch(Source(url), cache)
    return str(error.value)


def test_a_replica_serves_a_model_from_s3(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket="models", Key="v1/flowers.joblib", Body=(IRIS / "model.joblib").read_bytes())
    environment = {"AXON_MODEL": "s3://models/v1/flowers.joblib", "AXON_CACHE": str(tmp_path / "models")}

    with replica("sklearn", tmp_path, environment=environment) as made:
        rows = [[6.1, 2.8, 4.7, 1.2]]
        answer = made.post({"instances": rows})

    assert answer == {"predictions": joblib.load(IRIS / "model.joblib").predict(rows).tolist()}


def test_a_folder_is_fetched_with_all_that_is_below_it(s3: Any, tmp_path: Path) -> None:
    # A console makes the objects that end with a slash.
    files = {"tf/": "", "tf/saved_model.pb": "graph", "tf/variables/": "", "tf/variables/a b.data": "weights"}
    for key, text in {**files, "tf-other/x": "other"}.items():
        s3.put_object(Bucket="models", Key=key, Body=text.encode())

    folder = fetch(Source("s3://models/tf/"), tmp_path)

    found = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert found == {"saved_model.pb": "graph", "variables/a b.data": "weights"}
    assert fetch(Source("s3://models/tf/"), tmp_path) == folder
    s3.put_object(Bucket="models", Key="tf/saved_model.pb", Body=b"another")
    assert fetch(Source("s3://models/tf/"), tmp_path) != folder


@pytest.mark.parametrize("key", ["no ordinary näme+%20.onnx", "a/b/c", "trailing.dot."])
def test_any_key_is_found_as_it_is_written(s3: Any, tmp_path: Path, key: str) -> None:
    s3.put_object(Bucket="models", Key=key, Body=key.encode())

    assert fetch(Source(f"s3://models/{key}"), tmp_path).read_text() == key


@pytest.mark.parametrize("url", ["s3://models/nothing", "s3://models/nothing/", "s3://nothing/nothing"])
def test_a_key_that_is_not_there_is_one_line(s3: Any, tmp_path: Path, url: str) -> None:
    assert refusal(url, tmp_path) == f"{url}: 404, there is no such bucket or key"


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(403), "may this replica read it? On EKS the model's role reads what the stack file names"),
        (Reply(301), "its bucket is in another region than this replica (AWS_REGION)"),
    ],
)
def test_a_bucket_that_refuses_says_what_to_do(
    server: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reply: Reply, message: str
) -> None:
    server.add("/models/iris.joblib", reply)
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": server.url}.items():
        monkeypatch.setenv(name, value)

    assert message in refusal("s3://models/iris.joblib", tmp_path)


def test_a_replica_that_may_not_read_its_model_says_so_in_its_log_and_ends(
    server: Web, tmp_path: Path
) -> None:
    server.add("/models/iris.joblib", Reply(403))
    environment = {**KEYS, "AWS_ENDPOINT_URL": server.url, "AXON_MODEL": "s3://models/iris.joblib"}

    process, _ = start("sklearn", tmp_path, environment={**environment, "AXON_CACHE": str(tmp_path / "c")})
    output, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "`aws.read`" in output
    assert len(output.splitlines()) == 1


def test_on_eks_the_credentials_are_those_of_the_pods_identity(
    s3: Any, server: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
    s3.put_object(Bucket="models", Key="m", Body=b"model")
    given = {"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T", "Expiration": "2099-01-01T00:00:00Z"}
    url = server.add("/v1/credentials", Reply(body=json.dumps(given).encode()))
    (tmp_path / "token").write_text("the pod's token")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))

    assert fetch(Source("s3://models/m"), tmp_path / "cache").read_bytes() == b"model"
    assert server.asked[0][1]["authorization"] == "the pod's token"


def test_a_replica_without_credentials_is_told_where_they_come_from(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "RETRIES", 1)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1")

    assert "no credentials: on EKS" in refusal("s3://models/m", tmp_path)


def test_a_model_in_googles_store_is_found_by_bucket_and_key(
    server: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_BASE_URL", server.url)
    monkeypatch.setenv("GOOGLE_SKIP_SIGNATURE", "true")
    headers = {"etag": '"7"', "last-modified": "Wed, 25 Nov 2026 08:00:00 GMT"}
    server.add("/models/v1%2Fdigits%2Eonnx", Reply(body=b"model", headers=headers))

    found = fetch(Source("gs://models/v1/digits.onnx"), tmp_path)

    assert (found.name, found.read_bytes()) == ("digits.onnx", b"model")
    assert "GOOGLE_SERVICE_ACCOUNT_KEY" not in refusal("gs://models/other", tmp_path)
    server.add("/models/private", Reply(403))
    assert "GOOGLE_SERVICE_ACCOUNT_KEY" in refusal("gs://models/private", tmp_path)


LOADS = """\
import json

class Predictor:
    def load(self, model_path):
        self.table = json.load(open(model_path))

    def predict(self, payload):
        return self.table[payload]
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class Predictor:\n def predict(self, payload): 0", "Predictor has no method load(model_path)"),
        (LOADS, "Predictor.load failed: JSONDecodeError: Expecting value"),
        (LOADS.replace("def load", "async def load"), "Predictor.load is async"),
    ],
)
def test_a_class_that_cannot_load_its_model_says_why_and_ends(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "predictor.py").write_text(text)
    (tmp_path / "table").write_text("no json")

    process, _ = start("python", tmp_path, environment={"AXON_MODEL": f"file://{tmp_path}/table"})
    output, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert message in output
    assert len(output.splitlines()) == 1


def test_a_class_is_given_its_model_before_the_first_request(tmp_path: Path) -> None:
    (tmp_path / "predictor.py").write_text(LOADS)
    (tmp_path / "table").write_text('{"iris": 7}')
    (tmp_path / "sample.json").write_text('"iris"')

    with replica("python", tmp_path, environment={"AXON_MODEL": f"file://{tmp_path}/table"}) as made:
        assert made.post("iris") == 7
