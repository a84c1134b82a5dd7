"""Models from web servers and volumes: whole or not at all, once for all who share a cache."""

import hashlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest
from axon_runtime import fetch as fetching
from axon_runtime import remote
from axon_runtime.config import Source
from axon_runtime.fetch import FetchError, fetch
from axon_runtime.saved import file_in

from tests_of_runtime.servers import start
from tests_of_runtime.web import Reply, Web, web

BODY = bytes(range(256)) * 4096
SUM = hashlib.sha256(BODY).hexdigest()
ETAG = {"etag": '"1"'}


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as made:
        yield made


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def few_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "RETRIES", 2)


def entries(cache: Path) -> list[str]:
    """What is in the cache beside its locks."""
    return [path.name for path in cache.iterdir() if path.suffix != ".lock"]


def refusal(source: Source, cache: Path) -> str:
    with pytest.raises(FetchError) as error:
        fetch(source, cache)
    text = str(error.value)
    assert "\n" not in text
    assert not cache.exists() or entries(cache) == [], "half a model is left"
    return text


def test_a_model_is_fetched_whole_and_keeps_its_name(server: Web, cache: Path) -> None:
    url = server.add("/v1/iris%20tree.joblib", Reply(body=BODY))

    found = fetch(Source(url, SUM), cache)

    assert found.name == "iris tree.joblib"
    assert found.read_bytes() == BODY
    assert len(entries(cache)) == 1


def test_a_model_whose_checksum_is_known_is_asked_for_once(server: Web, cache: Path) -> None:
    url = server.add("/m", Reply(body=BODY))

    assert fetch(Source(url, SUM), cache) == fetch(Source(url, SUM), cache)
    assert server.count("/m") == 1


def test_a_model_without_a_checksum_is_fetched_anew_when_its_version_differs(
    server: Web, cache: Path
) -> None:
    url = server.add("/m", Reply(body=b"one", headers=ETAG))
    first = fetch(Source(url), cache)
    assert fetch(Source(url), cache) == first
    server.add("/m", Reply(body=b"two", headers={"etag": '"2"'}))

    second = fetch(Source(url), cache)

    assert (first.read_bytes(), second.read_bytes()) == (b"one", b"two")


def test_a_server_that_names_no_version_is_asked_for_all_each_time(server: Web, cache: Path) -> None:
    url = server.add("/m", Reply(body=b"one"), Reply(body=b"one"), Reply(body=b"two"))

    found = [fetch(Source(url), cache) for _ in range(3)]

    assert found[0] == found[1] != found[2]
    assert found[2].read_bytes() == b"two"


def test_the_query_goes_to_the_server_and_never_to_the_log(
    server: Web, cache: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    url = server.add("/m", Reply(body=BODY)) + "?X-Amz-Signature=hidden%2Fsecret"

    fetch(Source(url), cache)
    refused = refusal(Source(url, "0" * 64), cache / "other")

    assert server.asked[0][0] == "/m?X-Amz-Signature=hidden%2Fsecret"
    output = capfdbinary.readouterr().out
    assert b"fetching the model" in output
    assert f'"bytes":{len(BODY)},"seconds":'.encode() in output
    assert b"hidden" not in output
    assert "hidden" not in refused


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_that_is_busy_for_a_while_is_asked_again(server: Web, cache: Path, status: int) -> None:
    url = server.add("/m", Reply(status), Reply(status), Reply(body=BODY))

    assert fetch(Source(url, SUM), cache).read_bytes() == BODY


def test_a_connection_that_breaks_in_the_middle_is_tried_again(server: Web, cache: Path) -> None:
    short = Reply(body=BODY[:1000], length=len(BODY), headers={"connection": "close"})
    url = server.add("/m", short, Reply(body=BODY))

    assert fetch(Source(url), cache).read_bytes() == BODY
    assert server.count("/m") == 2


@pytest.mark.usefixtures("few_retries")
@pytest.mark.parametrize(
    ("path", "reply", "message"),
    [
        ("/m", Reply(403), "403, not allowed: the server does not give it to this replica"),
        ("/m", Reply(401), "401, not allowed: the server does not give it to this replica"),
        ("/m", Reply(404), "404, there is no such file"),
        ("/m", Reply(500), "the server answers 500, after 2 retries"),
        ("/folder/", Reply(), "a folder of a web server cannot be listed: name a file"),
    ],
)
def test_what_cannot_be_had_is_one_line(
    server: Web, cache: Path, path: str, reply: Reply, message: str
) -> None:
    url = server.add(path, reply)

    assert refusal(Source(f"{url}?secret"), cache).startswith(f"{url}: {message}")


def test_a_body_that_never_comes_whole_is_given_up(
    server: Web, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_ATTEMPTS", 2)
    short = Reply(body=BODY[:1000], length=len(BODY), headers={"connection": "close"})
    url = server.add("/m", short)

    assert "2 times" in refusal(Source(url), cache)


def test_another_content_than_the_checksums_is_refused_with_both(server: Web, cache: Path) -> None:
    url = server.add("/m", Reply(body=BODY))

    assert refusal(Source(url, "0" * 64), cache) == f"{url}: its SHA-256 is {SUM}, not {'0' * 64}"


@pytest.mark.usefixtures("few_retries")
@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://nothing.invalid/m", "its host name is not known, after 2 retries"),
        ("http://127.0.0.1:1/m", "cannot be reached, after 2 retries"),
        ("ftp://host/m", "ftp:// is not known (there are s3://, gs://, https://, http://, file://)"),
        ("file:///nothing/m", "no such file"),
    ],
)
def test_a_place_that_is_none_is_one_line(cache: Path, url: str, message: str) -> None:
    assert refusal(Source(url), cache) == f"{url}: {message}"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_model_that_is_larger_than_the_disk_says_both_sizes(server: Web, small_disk: Path) -> None:
    url = server.add("/m", Reply(body=BODY * 2))

    message = "no space left: it has 2.1 MB, and 1.0 MB are free in"
    assert refusal(Source(url), small_disk).startswith(f"{url}: {message}")


def test_a_disk_that_fills_meanwhile_is_told_alike(server: Web, small_disk: Path) -> None:
    gate = threading.Event()
    url = server.add("/m", Reply(body=BODY[:-8192], gate=gate))
    with ThreadPool(1) as pool:
        fetched = pool.apply_async(refusal, (Source(url), small_disk / "models"))
        wait_for(lambda: list(small_disk.glob("models/.*.part/m")))
        (small_disk / "others").write_bytes(b"x" * 2**19)
        gate.set()

        assert "no space left: it has 1.0 MB" in fetched.get(60)


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path, server: Web) -> None:
    url = server.add("/m", Reply(body=BODY))
    (tmp_path / "file").touch()

    with pytest.raises(FetchError, match="file/models, the cache of models: Not a directory"):
        fetch(Source(url), tmp_path / "file/models")


def test_a_model_on_a_volume_is_used_where_it_is(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "my model.onnx").write_bytes(BODY)
    url = f"file://{tmp_path}/my%20model.onnx"

    assert fetch(Source(url, SUM), cache) == tmp_path / "my model.onnx"
    assert "its SHA-256 is" in refusal(Source(url, "0" * 64), cache)
    assert not cache.exists()


def test_a_model_is_its_own_file_or_the_first_of_its_names_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "model.pt").touch()

    assert file_in(tmp_path, "model.pt2", "model.pt") == tmp_path / "model.pt"
    (tmp_path / "model.pt2").touch()
    assert file_in(tmp_path, "model.pt2", "model.pt") == tmp_path / "model.pt2"
    (tmp_path / "iris.v3").touch()
    assert file_in(tmp_path / "iris.v3", "model.pt2", "model.pt") == tmp_path / "iris.v3"
    assert file_in(tmp_path, "model.onnx") == tmp_path / "model.onnx", "an error names it"


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def replica_of(url: str, cache: Path, folder: Path) -> "subprocess.Popen[str]":
    environment = {"AXON_MODEL": url, "AXON_CACHE": str(cache)}
    process, _ = start("onnx", folder, environment=environment)
    return process


@pytest.mark.parametrize("checksum", [SUM, None])
def test_replicas_that_share_a_cache_fetch_once(
    server: Web, cache: Path, tmp_path: Path, checksum: str | None
) -> None:
    gate = threading.Event()
    url = server.add("/m.onnx", Reply(body=BODY, headers=ETAG, gate=gate), Reply(body=BODY, headers=ETAG))
    processes = [replica_of(url, cache, tmp_path) for _ in range(2)]
    wait_for(lambda: server.count("/m.onnx"))
    gate.set()
    outputs = [process.communicate(timeout=60)[0] for process in processes]

    # The bytes are no model, so each ends once it has them.
    assert [process.returncode for process in processes] == [1, 1]
    assert "".join(outputs).count("fetching the model") == 1
    assert "".join(outputs).count("the model is in the cache") == 1
    assert len(entries(cache)) == 1


def test_what_a_killed_replica_left_is_removed_by_the_next(server: Web, cache: Path, tmp_path: Path) -> None:
    gate = threading.Event()
    url = server.add("/m.onnx", Reply(body=BODY, gate=gate))
    other = server.add("/other.onnx", Reply(body=BODY))
    process = replica_of(url, cache, tmp_path)
    wait_for(lambda: list(cache.glob(".*.part/m.onnx")))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    gate.set()
    assert [name for name in entries(cache) if name.endswith(".part")]

    fetch(Source(other), cache)

    assert not [name for name in entries(cache) if name.endswith(".part")]
    assert fetch(Source(url), cache).read_bytes() == BODY
