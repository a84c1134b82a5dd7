"""Bodies that are larger than they may be."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from tests_of_runtime.servers import Replica, replica

MOST = 1000
REFUSAL = {"error": "the body is larger than 1000 bytes (server.max_body_size)"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    folder = tmp_path_factory.mktemp("lengths")
    (folder / "predictor.py").write_text("class Predictor:\n def predict(self, payload): return len(payload)")
    with replica("python", folder, limits={"max_body_size": MOST}) as running:
        yield running


def sized(made: Replica, size: int, *, chunked: bool) -> httpx.Response:
    body = (b"x" * 100 for _ in range(size // 100)) if chunked else b"x" * size
    headers = {"content-type": "application/octet-stream"}
    return httpx.post(made.url, content=body, headers=headers, timeout=30)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_the_largest_size_is_taken(made: Replica, chunked: bool) -> None:
    answer = sized(made, MOST, chunked=chunked)

    assert (answer.status_code, answer.json()) == (200, MOST)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [MOST + 100, 10_000_000])
def test_a_larger_one_is_refused(made: Replica, size: int, chunked: bool) -> None:
    answer = sized(made, size, chunked=chunked)

    assert (answer.status_code, answer.json()) == (413, REFUSAL)
    made.until("axon_in_flight_requests", 0)


@pytest.mark.parametrize("path", ["/", "/v2/models/{name}/infer"])
def test_one_that_is_announced_is_refused_before_it_is_sent(made: Replica, path: str) -> None:
    with socket.create_connection(("127.0.0.1", made.port), timeout=30) as client:
        head = f"POST {path.format(name=made.name)} HTTP/1.1\r\nhost: x\r\ncontent-length: {10**12}\r\n\r\n"
        client.sendall(head.encode())
        answer = b"".join(iter(lambda: client.recv(4096), b""))  # until the server closes

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"larger than 1000 bytes" in answer
