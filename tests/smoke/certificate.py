"""A certificate of the smoke test's own in AWS Certificate Manager, for a load balancer with TLS."""

import datetime
import json
import ssl
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.smoke.commands import Commands, Failed

HOST = "smoke.axon.invalid"
"""The name in the certificate, which clients send in the TLS handshake; no DNS knows it."""

_DAY = datetime.timedelta(days=1)


@contextmanager
def imported(commands: Commands, region: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Import a new self-signed certificate; give its ARN and its file, and delete it after the block."""
    made, key = _self_signed()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "certificate.pem"
    file.write_bytes(made)
    with tempfile.TemporaryDirectory() as private:
        secret = Path(private, "key.pem")
        secret.write_bytes(key)
        secret.chmod(0o600)
        files = ("--certificate", f"fileb://{file}", "--private-key", f"fileb://{secret}")
        answer = commands.run("certificate", *_acm("import-certificate", region), *files)
    arn = json.loads(answer)["CertificateArn"]
    try:
        yield arn, file
    finally:
        commands.run("certificate", *_acm("delete-certificate", region), "--certificate-arn", arn)


def until_answered(url: str, certificate: Path, seconds: float = 300) -> None:
    """Wait until a POST is answered over TLS, by a server that has the certificate.

    Raises:
        Failed: when it is not within so many seconds.
    """
    context = ssl.create_default_context(cafile=str(certificate))
    deadline, said = time.monotonic() + seconds, "nothing"
    with httpx.Client(verify=context, timeout=10) as client:
        while time.monotonic() < deadline:
            request = client.build_request("POST", url, json={"instances": []})
            request.extensions["sni_hostname"] = HOST
            try:
                answer = client.send(request)
            except httpx.TransportError as error:
                said = str(error)
            else:
                if answer.status_code < 500:
                    return
                said = str(answer.status_code)
            time.sleep(1)
    raise Failed(f"{url} was not answered over TLS within {seconds:g} s, but with: {said}")


def _acm(operation: str, region: str) -> tuple[str, ...]:
    return "aws", "acm", operation, "--region", region, "--output", "json"


def _self_signed() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 7 * _DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), private
