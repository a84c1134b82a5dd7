"""Answer as an add-on does: health on its ports, and a webhook that allows everything."""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# aws-load-balancer-controller's health and webhook, Fluent Bit's health
HEALTH_PORTS, WEBHOOK_PORT = (61779, 2020), 9443
CERTIFICATES = Path("/tmp/k8s-webhook-server/serving-certs")


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._send({"status": "ok"})

    def do_POST(self) -> None:
        review: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"uid": review["request"]["uid"], "allowed": True}
        self._send({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": answer})

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _send(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def serve(port: int, context: ssl.SSLContext | None = None) -> None:
    server = ThreadingHTTPServer(("", port), Answer)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever).start()


for health in HEALTH_PORTS:
    serve(health)
if (CERTIFICATES / "tls.crt").exists():
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(CERTIFICATES / "tls.crt", CERTIFICATES / "tls.key")
    serve(WEBHOOK_PORT, tls)
