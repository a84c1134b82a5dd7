"""HTTPS, and clients' certificates: a second gateway beside the platform's, of the program's own spec."""

import json
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.stacks import Stack, get, kubectl
from tests.unit.conftest import Recorder, deploy  # noqa: F401 (a fixture)
from tests.unit.test_model_api import model, program

pytestmark = pytest.mark.cluster
NAMESPACE, NAME, HOST = "envoy-gateway-system", "axon-https", "models.example"
GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
CLIENTS = "kubernetes:gateway.envoyproxy.io/v1alpha1:ClientTrafficPolicy"


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, in PEM."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> tuple[str, str]:
        key = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode(), key.decode()

    def files(self, folder: Path) -> tuple[str, str]:
        for name, text in zip(("tls.crt", "tls.key"), self.pem, strict=True):
            (folder / name).write_text(text)
        return str(folder / "tls.crt"), str(folder / "tls.key")


def signed(name: str, by: Pair | None = None) -> Pair:
    """Make a certificate of an hour: an authority's own, or one for a name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .sign(by.key if by else key, hashes.SHA256())
    )
    return Pair(certificate, key)


@pytest.fixture
def https(
    deployed: Stack,
    deploy: Callable[[Callable[[], Any]], Recorder],  # noqa: F811
) -> Iterator[tuple[str, Pair]]:
    """The address of a gateway that asks for certificates, and the authority that signs them."""
    authority = signed("authority.example")
    certificate, key = signed(HOST, authority).pem
    tls = {"hostnames": [HOST], "secret_name": NAME, "client_ca": NAME}
    specs = deploy(program(model(), gateway={"tls": tls, "port": 8080}))
    proxy = get("envoyproxy", "axon", NAMESPACE)["spec"]
    proxy["provider"]["kubernetes"]["envoyService"]["name"] = NAME
    gateway = json.loads(json.dumps(specs.one(GATEWAY)["spec"]))
    gateway["gatewayClassName"] = "axon"
    reference = {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": NAME}
    gateway["infrastructure"] = {"parametersRef": reference}
    for listener in gateway["listeners"]:
        listener["port"] = int(listener["port"])
    policy = json.loads(json.dumps(specs.one(CLIENTS)["spec"]))
    policy["targetRefs"][0]["name"] = NAME
    parent = {"name": NAME, "namespace": NAMESPACE}
    route = {"parentRefs": [parent], "rules": [{"backendRefs": [{"name": "iris-classifier", "port": 80}]}]}
    objects = [
        made("v1", "Secret", stringData={"tls.crt": certificate, "tls.key": key}, type="kubernetes.io/tls"),
        made("v1", "ConfigMap", data={"ca.crt": authority.pem[0]}),
        made("gateway.envoyproxy.io/v1alpha1", "EnvoyProxy", spec=proxy),
        made("gateway.networking.k8s.io/v1", "Gateway", spec=gateway),
        made("gateway.envoyproxy.io/v1alpha1", "ClientTrafficPolicy", spec=policy),
        made("gateway.networking.k8s.io/v1", "HTTPRoute", deployed.namespace, spec=route),
    ]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    kubectl("apply", "-f", "-", stdin=text)
    try:
        kubectl("wait", f"gateway/{NAME}", "-n", NAMESPACE, "--for=condition=Programmed", "--timeout=120s")
        yield get("service", NAME, NAMESPACE)["spec"]["clusterIP"], authority
    finally:
        kubectl("delete", "-f", "-", "--wait=true", stdin=text)


def made(version: str, kind: str, namespace: str = NAMESPACE, **content: Any) -> dict[str, Any]:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": NAME, "namespace": namespace},
        **content,
    }


def asked(address: str, authority: Pair, client: Pair | None, folder: Path) -> httpx.Response:
    """Ask for the model's readiness over HTTPS, with a certificate or without."""
    folder.mkdir(exist_ok=True)
    context = ssl.create_default_context(cadata=authority.pem[0])
    if client:
        context.load_cert_chain(*client.files(folder))
    with httpx.Client(verify=context) as session:
        where = f"https://{address}/v2/health/ready"
        return session.get(where, headers={"host": HOST}, extensions={"sni_hostname": HOST})


def until_answered(address: str, authority: Pair, client: Pair, folder: Path) -> httpx.Response:
    """Ask until the proxy of the new gateway listens and knows the route."""
    deadline = time.monotonic() + 120
    while True:
        try:
            answer = asked(address, authority, client, folder)
            if answer.status_code == 200 or time.monotonic() > deadline:
                return answer
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def test_https_lets_in_who_has_a_certificate_alone(https: tuple[str, Pair], tmp_path: Path) -> None:
    address, authority = https

    client = signed("client.example", authority)
    assert until_answered(address, authority, client, tmp_path / "client").status_code == 200

    stranger = signed("client.example", signed("authority.example"))
    for refused in (None, stranger):
        with pytest.raises(httpx.TransportError):
            asked(address, authority, refused, tmp_path / "refused")
