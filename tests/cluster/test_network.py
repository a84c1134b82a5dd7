"""Services and names, from pods and from the machine itself."""

import json
import socket
import struct

import pytest

from tests.stacks import Stack, get, kubectl

pytestmark = pytest.mark.cluster


def resolve(server: str, name: str) -> str:
    """Ask a DNS server for the address of a name (RFC 1035, one question)."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    query = struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(query, (server, 53))
        answer = client.recv(512)
    return socket.inet_ntoa(answer[-4:])


def test_names_resolve_from_the_machine(deployed: Stack) -> None:
    dns = get("service", "kube-dns", "kube-system")["spec"]["clusterIP"]
    service = get("service", "iris-classifier", deployed.namespace)["spec"]["clusterIP"]

    assert resolve(dns, f"iris-classifier.{deployed.namespace}.svc.cluster.local") == service


def test_services_and_names_work_from_a_pod(deployed: Stack) -> None:
    script = "import urllib.request as u; print(u.urlopen('http://digits-classifier/v2/health/ready').read().decode())"

    output = kubectl("exec", "deploy/iris-classifier", "-n", deployed.namespace, "--", "python", "-c", script)

    assert output.strip() == "ok"


def test_a_pod_reaches_itself_through_its_service(deployed: Stack) -> None:
    script = "import urllib.request as u; print(u.urlopen('http://iris-classifier/v2/health/ready').read().decode())"

    output = kubectl("exec", "deploy/iris-classifier", "-n", deployed.namespace, "--", "python", "-c", script)

    assert output.strip() == "ok"


def test_anonymous_requests_are_refused() -> None:
    config = json.loads(kubectl("config", "view", "--minify", "-o", "json"))
    user = config["users"][0]["user"]

    assert "token" not in user
    assert "insecure-skip-tls-verify" not in config["clusters"][0]["cluster"]
