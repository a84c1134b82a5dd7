"""Processes of the cluster, with their flags."""

from dataclasses import dataclass
from pathlib import Path

from axon.machine import NODE, LocalSettings
from axon.toolchain.builds import binary


@dataclass(frozen=True)
class Process:
    """A program that supervisord keeps running."""

    name: str
    command: tuple[str, ...]
    config: Path | None = None
    """Configuration file that the program reads only when it starts; a changed text restarts the program."""


def processes(settings: LocalSettings) -> list[Process]:
    """Return all processes, in the order in which they start."""
    config = settings.data_dir / "config"
    containerd = config / "containerd.toml"
    return [
        Process("etcd", _etcd(settings)),
        Process("kube-apiserver", _apiserver(settings)),
        Process("kube-controller-manager", _controller_manager(settings)),
        Process("kube-scheduler", _scheduler(settings)),
        Process("containerd", ("containerd", f"--config={containerd}"), config=containerd),
        Process("kubelet", _kubelet(settings), config=config / "kubelet.yaml"),
        Process("kube-proxy", (_kube(settings, "kube-proxy"), f"--config={config}/kube-proxy.yaml")),
    ]


def registries(settings: LocalSettings) -> list[Process]:
    """Return both instances of the image registry; they start first, since they serve the node's images."""
    files = {name: settings.data_dir / "config" / f"{name}.yaml" for name in ("registry", "registry-push")}
    return [
        Process(name, ("docker-registry", "serve", str(file)), config=file) for name, file in files.items()
    ]


def _kube(settings: LocalSettings, name: str) -> str:
    """Return a link to the binary that contains every component and runs the one that the link names."""
    link = settings.data_dir / "bin" / name
    target = binary(settings, "kube")
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink() or link.readlink() != target:
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    return str(link)


def _etcd(settings: LocalSettings) -> tuple[str, ...]:
    pki = settings.data_dir / "pki"
    client, peer = "https://127.0.0.1:2379", "https://127.0.0.1:2380"
    return (
        str(binary(settings, "etcd")),
        f"--name={NODE}",
        f"--data-dir={settings.data_dir}/etcd",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster={NODE}={peer}",
        *_etcd_tls(pki),
        *_etcd_tls(pki, "peer-"),
        "--log-level=warn",
    )


def _etcd_tls(pki: Path, prefix: str = "") -> tuple[str, ...]:
    return (
        f"--{prefix}cert-file={pki}/etcd.crt",
        f"--{prefix}key-file={pki}/etcd.key",
        f"--{prefix}trusted-ca-file={pki}/etcd-ca.crt",
        f"--{prefix}client-cert-auth",
    )


def _apiserver(settings: LocalSettings) -> tuple[str, ...]:
    pki = settings.data_dir / "pki"
    return (
        _kube(settings, "kube-apiserver"),
        f"--advertise-address={settings.node_ip}",
        f"--bind-address={settings.node_ip}",
        f"--secure-port={settings.api_port}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--anonymous-auth=false",
        f"--client-ca-file={pki}/ca.crt",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        "--etcd-servers=https://127.0.0.1:2379",
        f"--etcd-cafile={pki}/etcd-ca.crt",
        f"--etcd-certfile={pki}/apiserver-etcd.crt",
        f"--etcd-keyfile={pki}/apiserver-etcd.key",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet.key",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki}/service-account.key",
        f"--service-account-signing-key-file={pki}/service-account.key",
        f"--service-cluster-ip-range={settings.service_cidr}",
        # With these flags, metrics-server and other aggregated APIs identify the client.
        f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki}/front-proxy.crt",
        f"--proxy-client-key-file={pki}/front-proxy.key",
    )


def _controller_manager(settings: LocalSettings) -> tuple[str, ...]:
    pki = settings.data_dir / "pki"
    return (
        _kube(settings, "kube-controller-manager"),
        *_client(settings, "controller-manager"),
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={pki}/service-account.key",
        f"--root-ca-file={pki}/ca.crt",
        f"--cluster-signing-cert-file={pki}/ca.crt",
        f"--cluster-signing-key-file={pki}/ca.key",
        # For development: react to load sooner than with the defaults of 15 s, 5 min and 30 s.
        "--horizontal-pod-autoscaler-sync-period=5s",
        "--horizontal-pod-autoscaler-cpu-initialization-period=20s",
        "--horizontal-pod-autoscaler-initial-readiness-delay=5s",
    )


def _scheduler(settings: LocalSettings) -> tuple[str, ...]:
    command = _kube(settings, "kube-scheduler")
    return (
        command,
        *_client(settings, "scheduler"),
        "--bind-address=127.0.0.1",
        "--leader-elect=false",
    )


def _client(settings: LocalSettings, name: str) -> tuple[str, ...]:
    file = settings.data_dir / "kubeconfig" / f"{name}.yaml"
    return tuple(f"--{use}kubeconfig={file}" for use in ("", "authentication-", "authorization-"))


def _kubelet(settings: LocalSettings) -> tuple[str, ...]:
    return (
        _kube(settings, "kubelet"),
        f"--config={settings.data_dir}/config/kubelet.yaml",
        f"--kubeconfig={settings.data_dir}/kubeconfig/node.yaml",
        f"--hostname-override={NODE}",
        f"--node-ip={settings.node_ip}",
        f"--root-dir={settings.data_dir}/kubelet",
    )
