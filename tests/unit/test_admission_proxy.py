"""The proxy before an image of one's own: the real Envoy, with real servers behind it."""

import asyncio
import json
import socket
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import envoy
import grpc
import grpc.aio
import pytest
from aiohttp import web

from components.admission_clusters import Admission
from components.admission_proxy import bootstrap

BINARY = Path(envoy.__file__).parent / "_bin" / "envoy"
LIMIT = 1000


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """A server that holds requests for as long as a test wants, and counts them."""

    def __init__(self) -> None:
        self.opened, self.active, self.most = asyncio.Event(), 0, 0
        self.bodies: list[int] = []
        app = web.Application(client_max_size=2**30)
        app.router.add_route("*", "/held", self._held)
        app.router.add_get("/socket", self._socket)
        app.router.add_get("/stream", self._stream)
        app.router.add_post("/length", self._length)
        self.runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1)

    async def _held(self, request: web.Request) -> web.Response:
        self.active += 1
        self.most = max(self.most, self.active)
        try:
            await self.opened.wait()
        finally:
            self.active -= 1
        return web.json_response({"path": request.path, "host": request.host})

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        found = web.WebSocketResponse()
        await found.prepare(request)
        async for message in found:
            await found.send_str(f"you said {message.data}")
        return found

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"one")
        await self.opened.wait()
        await answer.write(b"two")
        return answer

    async def _length(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.bodies.append(len(body))
        return web.json_response({"length": len(body)})

    async def until_active(self, count: int) -> None:
        async with asyncio.timeout(20):
            while self.active != count:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def proxy(port: int, **wanted: Any) -> AsyncIterator[str]:
    """Run Envoy before a port, and yield its address."""
    given = {"h2c": False, "at_once": None, "waiting": 0, "seconds": None, "idle_seconds": 600}
    more = {"body_bytes": None, "heap_bytes": 2**28, "listen": free_port(), "port": port}
    settings = Admission(**{**given, **more, **wanted})
    words = ["--config-yaml", json.dumps(bootstrap(settings)), "--concurrency", "1", "--disable-hot-restart"]
    process = subprocess.Popen([BINARY, *words, "--log-level", "warning"])
    try:
        await _listens(settings.listen)
        yield f"127.0.0.1:{settings.listen}"
    finally:
        process.terminate()
        process.wait(20)


async def _listens(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


def with_server(test: Callable[[Server, str, aiohttp.ClientSession], Awaitable[None]], **wanted: Any) -> None:
    """Run a test against a server behind the proxy."""

    async def run() -> None:
        server = Server()
        await server.runner.setup()
        port = free_port()
        await web.TCPSite(server.runner, "127.0.0.1", port).start()
        try:
            async with (
                proxy(port, **wanted) as address,
                aiohttp.ClientSession(connector=_connector()) as client,
            ):
                await test(server, f"http://{address}", client)
        finally:
            server.opened.set()
            await server.runner.cleanup()

    asyncio.run(run())


def _connector() -> aiohttp.TCPConnector:
    return aiohttp.TCPConnector(limit=0)


async def status(client: aiohttp.ClientSession, url: str) -> int:
    async with client.get(url) as answer:
        return answer.status


@pytest.mark.parametrize(("at_once", "waiting"), [(4, 0), (2, 3), (1, 100), (30, 5)])
def test_so_many_are_worked_on_so_many_wait_and_one_more_is_refused_at_once(
    at_once: int, waiting: int
) -> None:
    async def test(server: Server, url: str, client: aiohttp.ClientSession) -> None:
        # All at once, to a proxy that has no connection yet: none of them may be refused.
        held = [asyncio.create_task(status(client, f"{url}/held")) for _ in range(at_once + waiting)]
        await server.until_active(at_once)
        async with client.get(f"{url}/held") as refused:
            assert refused.status == 503
            assert refused.headers["retry-after"] == "1"
            assert "busy" in (await refused.json())["error"]
        assert not any(task.done() for task in held)

        server.opened.set()
        assert Counter(await asyncio.gather(*held)) == {200: at_once + waiting}
        assert server.most == at_once
        assert await status(client, f"{url}/held") == 200, "a place is free again"

    with_server(test, at_once=at_once, waiting=waiting)


def test_a_client_that_goes_away_frees_its_place() -> None:
    async def test(server: Server, url: str, client: aiohttp.ClientSession) -> None:
        gone = [asyncio.create_task(status(client, f"{url}/held")) for _ in range(3)]
        await server.until_active(2)
        for task in gone:
            task.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        await server.until_active(0)

        held = [asyncio.create_task(status(client, f"{url}/held")) for _ in range(3)]
        await server.until_active(2)
        server.opened.set()
        assert await asyncio.gather(*held) == [200, 200, 200]

    with_server(test, at_once=2, waiting=1)


def test_a_request_has_its_time_from_its_head_on_whether_it_waits_or_is_worked_on() -> None:
    async def test(server: Server, url: str, client: aiohttp.ClientSession) -> None:
        held = [asyncio.create_task(status(client, f"{url}/held")) for _ in range(2)]
        assert await asyncio.gather(*held) == [504, 504]
        await server.until_active(0)

        reader, writer = await asyncio.open_connection(*url.removeprefix("http://").split(":"))
        writer.write(b"POST /length HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nslow")
        async with asyncio.timeout(10):
            assert b"408" in await reader.readline()
        writer.close()

    with_server(test, at_once=1, waiting=1, seconds=1)


def test_a_body_is_limited_whether_it_says_its_length_or_not() -> None:
    async def pieces(size: int) -> AsyncIterator[bytes]:
        for _ in range(size // 100):
            yield b"x" * 100

    async def test(server: Server, url: str, client: aiohttp.ClientSession) -> None:
        async def post(size: int, *, chunked: bool) -> int:
            body = pieces(size) if chunked else b"x" * size
            async with client.post(f"{url}/length", data=body) as answer:
                return answer.status

        for chunked in (False, True):
            assert await post(LIMIT, chunked=chunked) == 200
            assert await post(LIMIT + 100, chunked=chunked) == 413
        assert server.bodies == [LIMIT, LIMIT]
        async with client.ws_connect(f"{url}/socket") as socket:
            for _ in range(3):
                await socket.send_str("x" * LIMIT)
                assert len(await socket.receive_str()) > LIMIT

    with_server(test, body_bytes=LIMIT)


def test_sockets_and_streams_pass_piece_by_piece_and_hold_a_place() -> None:
    async def test(server: Server, url: str, client: aiohttp.ClientSession) -> None:
        async with client.ws_connect(f"{url}/socket") as socket, client.get(f"{url}/stream") as stream:
            await socket.send_str("hello")
            assert await socket.receive_str() == "you said hello"
            assert await stream.content.readany() == b"one", "before the second piece is there"
            assert await status(client, f"{url}/held") == 503
            server.opened.set()
            assert await stream.content.read() == b"two"

    with_server(test, at_once=2, waiting=0)


def test_a_socket_outlives_the_time_of_a_request() -> None:
    async def test(server: Server, url: str, client: aiohttp.ClientSession) -> None:
        async with client.ws_connect(f"{url}/socket") as socket:
            assert await status(client, f"{url}/held") == 504, "the time has passed"
            await socket.send_str("hello")
            assert await socket.receive_str() == "you said hello"

    with_server(test, at_once=2, waiting=0, seconds=1)


def test_a_stream_may_last_but_not_be_silent() -> None:
    async def test(server: Server, url: str, client: aiohttp.ClientSession) -> None:
        async with client.ws_connect(f"{url}/socket") as socket:
            for _ in range(4):
                await asyncio.sleep(0.5)
                await socket.send_str("still there")
                await socket.receive_str()
        assert await status(client, f"{url}/held") == 504

    with_server(test, at_once=1, waiting=0, idle_seconds=1)


def test_grpc_is_limited_as_well() -> None:
    active, opened = 0, asyncio.Event()

    async def echo(request: bytes, _: Any) -> bytes:
        nonlocal active
        active += 1
        await opened.wait()
        return request

    async def run() -> None:
        method = grpc.unary_unary_rpc_method_handler(echo)  # type: ignore[arg-type]
        server = grpc.aio.server()
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("axon.Test", {"Echo": method}),)
        )
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with (
            proxy(port, h2c=True, at_once=2, waiting=1) as address,
            grpc.aio.insecure_channel(address) as channel,
        ):
            call = channel.unary_unary("/axon.Test/Echo")
            held = [asyncio.create_task(_result(call(bytes([n])))) for n in range(3)]
            async with asyncio.timeout(20):
                while active != 2:
                    await asyncio.sleep(0.01)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call(b"more")
            assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
            assert active == 2
            opened.set()
            assert await asyncio.gather(*held) == [b"\0", b"\1", b"\2"]
        await server.stop(0)

    asyncio.run(run())


async def _result(call: Any) -> bytes:
    return await call
