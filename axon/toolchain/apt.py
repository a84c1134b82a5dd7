"""Debian packages: the parts of a node that the distribution maintains."""

import ctypes
import os
import shutil
from pathlib import Path

from axon.machine import LocalSettings
from axon.steps import Step, StepFailed, run_logged

# Files to look for, and the package with each.
NODE = {
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "nft": "nftables",
    "iptables": "iptables",  # the CNI bridge plugin masquerades with it
    "conntrack": "conntrack",
    "docker-registry": "docker-registry",
    "ip": "iproute2",
    "libgomp.so.1": "libgomp1",  # LightGBM's wheel leaves it to the system
}
BUILDER = {"buildah": "buildah", "mmdebstrap": "mmdebstrap"}


def missing_packages(settings: LocalSettings, wanted: dict[str, str]) -> list[Step]:
    """Return the step that installs missing packages."""
    missing = sorted({package for tool, package in wanted.items() if not _present(tool)})
    if not missing:
        return []
    return [Step(f"install {', '.join(missing)}", 40, lambda: _install(settings, missing))]


def _present(tool: str) -> bool:
    if tool.startswith("/"):
        return Path(tool).exists()
    return shutil.which(tool) is not None or (".so." in tool and _is_library(tool))


def _is_library(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _install(settings: LocalSettings, packages: list[str]) -> None:
    if shutil.which("apt-get") is None:
        raise StepFailed(
            f"these are needed and no apt-get is here to install them: {', '.join(packages)}. "
            "Install them, or point KUBECONFIG at a cluster that is there"
        )
    if os.geteuid() != 0:
        raise StepFailed(f"run as root once, or install: apt-get install {' '.join(packages)}")
    log = settings.cache_dir / "logs" / "apt.log"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run_logged(["apt-get", "update", "-q"], log, env=environment)
    with _no_services():
        install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]
        run_logged(install, log, env=environment)


class _no_services:
    """Context in which packages cannot start services of their own: the cluster starts the processes that it
    needs.

    https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
    """

    _policy = Path("/usr/sbin/policy-rc.d")

    def __enter__(self) -> None:
        self._ours = not self._policy.exists()
        if self._ours:
            self._policy.write_text("#!/bin/sh\nexit 101\n")
            self._policy.chmod(0o755)

    def __exit__(self, *_: object) -> None:
        if self._ours:
            self._policy.unlink(missing_ok=True)
