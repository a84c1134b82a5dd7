"""Keys of the cluster: three authorities, a certificate for each component, and kubeconfigs with them.

Organizations and names are those that Kubernetes' own RBAC knows:
https://kubernetes.io/docs/setup/best-practices/certificates/
"""

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from axon.files import PRIVATE, private_folder, write_if_other, write_private
from axon.machine import NODE, LocalSettings

_DAY = datetime.timedelta(days=1)
_CLIENT, _SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True)
class Identity:
    """Subject of a certificate."""

    file: str
    authority: str
    name: str
    organization: str | None = None
    hosts: tuple[str, ...] = ()


def identities(settings: LocalSettings) -> list[Identity]:
    """Return every certificate of the cluster."""
    node, api = settings.node_ip, settings.service_ip(1)
    names = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost")
    names += ("kubernetes.default.svc.cluster.local",)
    return [
        Identity("etcd", "etcd-ca", "etcd", hosts=("localhost", "127.0.0.1")),
        Identity("apiserver-etcd", "etcd-ca", "kube-apiserver"),
        Identity("apiserver", "ca", "kube-apiserver", hosts=(*names, "127.0.0.1", node, api)),
        Identity("apiserver-kubelet", "ca", "kube-apiserver-kubelet-client", "system:masters"),
        Identity("front-proxy", "front-proxy-ca", "front-proxy-client"),
        Identity("kubelet", "ca", NODE, hosts=(NODE, node)),
        Identity("node", "ca", f"system:node:{NODE}", "system:nodes"),
        Identity("controller-manager", "ca", "system:kube-controller-manager"),
        Identity("scheduler", "ca", "system:kube-scheduler"),
        Identity("proxy", "ca", "system:kube-proxy"),
        Identity("admin", "ca", "axon-admin", "system:masters"),
    ]


KUBECONFIGS = ("admin", "node", "controller-manager", "scheduler", "proxy")


def ensure_keys(settings: LocalSettings) -> None:
    """Create keys that are missing or damaged, and renew certificates that expire within a month.

    A key is put in place before its certificate: a kill between the two leaves a pair that does not match,
    which counts as damaged.
    """
    folder = private_folder(settings.data_dir / "pki")
    for authority in ("ca", "etcd-ca", "front-proxy-ca"):
        if not _matching(folder, authority):
            _make_authority(folder, authority)
    if _key(folder / "service-account.key") is None:
        _write_key(folder / "service-account.key", ec.generate_private_key(ec.SECP256R1()))
    for identity in identities(settings):
        if not _good(folder, identity):
            _issue(folder, identity)
    for name in KUBECONFIGS:
        _write_kubeconfig(settings, name)


def _good(folder: Path, identity: Identity) -> bool:
    """Return True if a certificate matches its key, authority and hosts, and is valid for a month."""
    certificate = _matching(folder, identity.file)
    authority = _certificate_in(folder / f"{identity.authority}.crt")
    if certificate is None or authority is None:
        return False
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    lasts = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC) > 30 * _DAY
    return lasts and _hosts_of(certificate) == set(identity.hosts)


def _matching(folder: Path, name: str) -> x509.Certificate | None:
    """Return a certificate with its private key here; None if one is missing, damaged or another's."""
    certificate, key = _certificate_in(folder / f"{name}.crt"), _key(folder / f"{name}.key")
    matches = certificate is not None and key is not None and certificate.public_key() == key.public_key()
    return certificate if matches else None


def _certificate_in(file: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        return None


def _key(file: Path) -> ec.EllipticCurvePrivateKey | None:
    """Return a private key that only its owner can read; None if the file is missing or incomplete."""
    try:
        found = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        return None
    file.chmod(PRIVATE)
    return found if isinstance(found, ec.EllipticCurvePrivateKey) else None


def _hosts_of(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    addresses = {str(ip) for ip in names.get_values_for_type(x509.IPAddress)}
    return addresses | set(names.get_values_for_type(x509.DNSName))


def _make_authority(folder: Path, name: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(f"axon-local {name}")
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _certificate(subject, subject, key, days=3650)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    _write_key(folder / f"{name}.key", key)
    _write_certificate(folder / f"{name}.crt", certificate)


def _issue(folder: Path, identity: Identity) -> None:
    authority_key = _key(folder / f"{identity.authority}.key")
    authority = _certificate_in(folder / f"{identity.authority}.crt")
    assert authority_key is not None
    assert authority is not None
    key = ec.generate_private_key(ec.SECP256R1())
    usages = [_CLIENT, _SERVER] if identity.hosts else [_CLIENT]
    builder = _certificate(
        _subject(identity.name, identity.organization), authority.subject, key, days=365
    ).add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if identity.hosts:
        builder = builder.add_extension(_alternatives(identity.hosts), critical=False)
    _write_key(folder / f"{identity.file}.key", key)
    _write_certificate(folder / f"{identity.file}.crt", builder.sign(authority_key, hashes.SHA256()))


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + days * _DAY)
    )


def _subject(name: str, organization: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if organization:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _alternatives(hosts: Sequence[str]) -> x509.SubjectAlternativeName:
    def general(host: str) -> x509.GeneralName:
        try:
            return x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            return x509.DNSName(host)

    return x509.SubjectAlternativeName([general(host) for host in hosts])


def _write_key(file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    form = serialization.PrivateFormat.TraditionalOpenSSL
    text = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    write_private(file, text)


def _write_certificate(file: Path, certificate: x509.Certificate) -> None:
    write_private(file, certificate.public_bytes(serialization.Encoding.PEM))


def _write_kubeconfig(settings: LocalSettings, name: str) -> None:
    """Write a kubeconfig that refers to the key files, so that a renewed key is used at once."""
    pki = settings.data_dir / "pki"
    cluster = {
        "server": f"https://{settings.node_ip}:{settings.api_port}",
        "certificate-authority": str(pki / "ca.crt"),
    }
    user = {"client-certificate": str(pki / f"{name}.crt"), "client-key": str(pki / f"{name}.key")}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NODE, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": NODE, "context": {"cluster": NODE, "user": name}}],
        "current-context": NODE,
    }
    folder = private_folder(settings.data_dir / "kubeconfig")
    write_if_other(folder / f"{name}.yaml", yaml.safe_dump(content, sort_keys=False))
