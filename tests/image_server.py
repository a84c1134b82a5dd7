"""What an image of one's own runs in tests: HTTP/1.1 with streams and WebSockets, or gRPC; metrics at 9102.

`SERVICE` is the gRPC service, if it is to be gRPC; `START_SECONDS` is how long it takes to start.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
from aiohttp import web

PORT, METRICS_PORT = 8080, 9102


async def held(request: web.Request) -> web.Response:
    """Answer after as many seconds as it says."""
    await asyncio.sleep(float(request.query["seconds"]))
    return web.json_response({"path": request.path})


NEXT = asyncio.Semaphore(0)


async def stream(request: web.Request) -> web.StreamResponse:
    """Send `count` pieces: the first at once, each other one after a request of /next."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    for number in range(int(request.query["count"])):
        if number:
            await NEXT.acquire()
        await answer.write(b"piece %d\n" % number)
    return answer


async def next_piece(_: web.Request) -> web.Response:
    """Let the stream send one more piece."""
    NEXT.release()
    return web.Response()


async def socket(request: web.Request) -> web.WebSocketResponse:
    """Send back what comes."""
    found = web.WebSocketResponse()
    await found.prepare(request)
    async for message in found:
        await found.send_str(f"you said {message.data}")
    return found


async def ready(_: web.Request) -> web.Response:
    """Say that it is there."""
    return web.Response()


async def metrics(_: web.Request) -> web.Response:
    """Say something to Prometheus, and something that it must not believe."""
    return web.Response(text="captions_total 42\naxon_in_flight_requests 1000\n")


async def serve(routes: dict[str, Any], port: int) -> web.AppRunner:
    """Serve paths on a port; its cleanup ends the requests that are there."""
    app = web.Application()
    for path, handler in routes.items():
        app.router.add_route("*", path, handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", port).start()
    return runner


async def echo(requests: AsyncIterator[bytes], _: Any) -> AsyncIterator[bytes]:
    """Send back each message of a stream as it comes."""
    async for message in requests:
        yield message


async def serve_grpc(service: str) -> grpc.aio.Server:
    """Serve one method, and the health service as Kubernetes asks it."""

    async def check(_: bytes, __: Any) -> bytes:
        return b"\x08\x01"  # HealthCheckResponse: status is SERVING

    server = grpc.aio.server()
    methods = {
        service: {"Echo": grpc.stream_stream_rpc_method_handler(echo)},  # type: ignore[arg-type]
        "grpc.health.v1.Health": {"Check": grpc.unary_unary_rpc_method_handler(check)},  # type: ignore[arg-type]
    }
    server.add_generic_rpc_handlers(
        tuple(grpc.method_handlers_generic_handler(name, handlers) for name, handlers in methods.items())
    )
    server.add_insecure_port(f"0.0.0.0:{PORT}")
    await server.start()
    return server


async def main() -> None:
    """Serve until it is told to end, then end what is in flight."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await asyncio.sleep(float(os.environ.get("START_SECONDS", "0")))
    await serve({"/metrics": metrics}, METRICS_PORT)
    if service := os.environ.get("SERVICE"):
        server = await serve_grpc(service)
        await ended.wait()
        await server.stop(60)
        return
    routes = {"/held": held, "/stream": stream, "/next": next_piece, "/socket": socket, "/ready": ready}
    runner = await serve(routes, PORT)
    await ended.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
