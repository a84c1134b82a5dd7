"""A collector of OpenTelemetry's traces, which takes OTLP over HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """The spans that came."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._spans: list[tuple[dict[str, Any], Any]] = []
        self._came = threading.Condition()

    def take(self, body: bytes) -> None:
        """Keep what an export holds."""
        with self._came:
            for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                resource = values(group.resource.attributes)
                spans = [span for scope in group.scope_spans for span in scope.spans]
                self._spans += [(resource, span) for span in spans]
            self._came.notify_all()

    def spans(self, count: int) -> list[tuple[dict[str, Any], Any]]:
        """Wait for so many spans, and return each with its resource's attributes."""
        with self._came:
            assert self._came.wait_for(lambda: len(self._spans) >= count, 30), f"{len(self._spans)} came"
            return list(self._spans)


def values(attributes: Any) -> dict[str, Any]:
    """Return attributes by their key."""
    return {one.key: _value(one.value) for one in attributes}


def _value(value: Any) -> Any:
    found = getattr(value, value.WhichOneof("value"))
    return [_value(item) for item in found.values] if hasattr(found, "values") else found


@contextmanager
def collector() -> Iterator[Collector]:
    """Collect until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/traces":
                made.take(body)
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
