"""A web server whose answers a test writes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Reply:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    length: int | None = None
    """What the server says of the body's length, where that is not so."""

    gate: threading.Event | None = None
    """What half of the body waits for."""


class Web:
    """What the server answers, and what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.replies: dict[str, list[Reply]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    def add(self, path: str, *replies: Reply) -> str:
        """Answer a path so, one after the other, the last for good. Return its URL."""
        self.replies[path] = list(replies)
        return self.url + path

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(asked.partition("?")[0] == path for asked, _ in self.asked)

    def reply(self, target: str, headers: dict[str, str]) -> Reply:
        """Return the next answer."""
        self.asked.append((target, headers))
        replies = self.replies.get(target.partition("?")[0], [Reply(404)])
        return replies.pop(0) if len(replies) > 1 else replies[0]


@contextmanager
def web() -> Iterator[Web]:
    """Serve until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reply = made.reply(self.path, {k.lower(): v for k, v in self.headers.items()})
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(reply.length or len(reply.body)))
            self.end_headers()
            half = len(reply.body) // 2
            self.wfile.write(reply.body[:half])
            if reply.gate:
                self.wfile.flush()
                reply.gate.wait(60)
            self.wfile.write(reply.body[half:])

        def log_message(self, format: str, *args: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Web(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
