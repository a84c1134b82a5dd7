"""Where the local cluster lives. Each field is an environment variable `AXON_LOCAL_*`."""

import ipaddress
import os
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


def _home(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / default) / "axon"


class LocalSettings(BaseSettings):
    """Settings of the machine, not of a stack; two checkouts with the same ones share one cluster."""

    model_config = SettingsConfigDict(env_prefix="AXON_LOCAL_", frozen=True)

    data_dir: Path = Path("/var/lib/axon")
    """etcd's data, containers, keys, logs: what a reboot must keep."""

    run_dir: Path = Path("/run/axon")
    """Sockets and mounts: what a reboot may lose."""

    cache_dir: Path = _home("XDG_CACHE_HOME", ".cache")
    """Built tools and images, by the hash of their pins."""

    state_dir: Path = _home("XDG_STATE_HOME", ".local/state")
    """The engine's state of stacks, where no other backend is chosen."""

    debian_snapshot: str = ""
    """Time of snapshot.debian.org to build the base image from (20261101T000000Z); empty: Debian's newest."""

    api_port: int = 6443
    registry_port: int = 5000
    """Where images are pulled from."""

    registry_push_port: int | None = None
    """Where images are pushed to, by root alone. Unset: the port after `registry_port`."""

    node_ip: str = "172.31.255.1"
    """The node's address, on an interface of its own: nothing listens on the machine's networks."""

    pod_cidr: str = "10.244.0.0/24"
    service_cidr: str = "10.96.0.0/16"

    @property
    def registry(self) -> str:
        """Host and port of the local registry, as images name it."""
        return f"localhost:{self.registry_port}"

    @property
    def push_registry(self) -> str:
        """Host and port at which the same registry takes images, from who has its password."""
        return f"localhost:{self.registry_push_port or self.registry_port + 1}"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.data_dir / "kubeconfig" / "admin.yaml"

    def service_ip(self, index: int) -> str:
        """Return the n-th address of the service network: 1 is the API server's, 10 is DNS."""
        return str(ipaddress.ip_network(self.service_cidr)[index])


NODE = "axon-local"
"""The node's name."""
