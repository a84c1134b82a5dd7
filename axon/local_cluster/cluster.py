"""Start, stop and deletion of the one-node Kubernetes, from upstream's own binaries."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx

from axon.images import own_registry
from axon.images.build import push_binary
from axon.kubectl import answers, deployment_available, kubectl, node_ready, wait_until
from axon.local_cluster import network, supervisor
from axon.local_cluster.dns import manifest
from axon.local_cluster.node_config import PROXY_HEALTH, write_config
from axon.local_cluster.pki import ensure_keys
from axon.local_cluster.processes import processes, registries
from axon.machine import LocalSettings
from axon.steps import StepFailed, timed
from axon.toolchain.builds import binary, required_version


def check_machine() -> None:
    """Reject a machine that cannot run the cluster.

    Raises:
        StepFailed: with what to do instead.
    """
    instead = "point KUBECONFIG at any cluster instead (README: Use your own cluster)"
    if sys.platform != "linux":
        raise StepFailed(f"the local cluster needs Linux: {instead}")
    if os.geteuid() != 0:
        raise StepFailed(f"the local cluster needs root (try sudo make up), or {instead}")


def start(settings: LocalSettings) -> None:
    """Start the processes that do not run, and wait until pods and their names work."""
    check_machine()
    logs = settings.data_dir / "logs"
    with timed("registry"):
        ensure_keys(settings)
        write_config(settings, pause_image(settings))
        own_registry.write_config(settings)
        network.set_up(settings)
        first = registries(settings)
        rest = processes(settings) if supervisor.running(settings) else []
        supervisor.write(settings, [*first, *rest])
        supervisor.start(settings, *(process.name for process in first))
        wait_until(lambda: own_registry.answers(settings), "the registry does not answer", logs)
    push_binary(settings, pause_image(settings), binary(settings, "pause"), "/pause")
    push_binary(settings, dns_image(settings), binary(settings, "coredns"), "/coredns")
    with timed("Kubernetes"):
        supervisor.write(settings, [*registries(settings), *processes(settings)])
        supervisor.start(settings)
        api = settings.kubeconfig
        wait_until(lambda: answers(api), "the API server is not ready", logs)
        wait_until(lambda: node_ready(settings), "the node is not ready", logs)
        # A pod that starts before Services work waits for its first connection to time out.
        wait_until(lambda: _answers(PROXY_HEALTH), "kube-proxy is not ready", logs)
    with timed("cluster DNS"):
        objects = manifest(settings, dns_image(settings))
        kubectl(api, "apply", "--server-side", "--force-conflicts", "-f", "-", stdin=objects)
        dns = ("kube-system", "coredns")
        wait_until(lambda: deployment_available(settings, *dns), "DNS is not ready", logs)


def stop(settings: LocalSettings) -> None:
    """Stop every process and every pod. The data is kept."""
    check_machine()
    with timed("stop pods and processes"):
        supervisor.stop(settings, "kubelet")
        _kill_containers(settings)
        supervisor.shutdown(settings)
        own_registry.forget_password(settings)
        for shim in list(shims(settings)):
            _end(shim)
        _unmount(settings)


def delete(settings: LocalSettings) -> None:
    """Stop the cluster, and remove everything that it left on the machine."""
    stop(settings)
    with timed("remove the cluster's data"):
        network.tear_down(settings)
        for folder in (settings.run_dir, settings.data_dir):
            shutil.rmtree(folder, ignore_errors=True)
            if folder.exists():
                raise StepFailed(f"{folder} cannot be removed: something still uses it")


def status(settings: LocalSettings) -> dict[str, str]:
    """Return the state of each process and of the whole cluster."""
    states = supervisor.states(settings)
    if not states:
        return {"cluster": "stopped"}
    ready = answers(settings.kubeconfig) and node_ready(settings)
    return {"cluster": "ready" if ready else "not ready", **states}


def pause_image(settings: LocalSettings) -> str:
    """Return the image that holds a pod's namespaces; its tag is the hash of its pins."""
    return f"{settings.registry}/axon/pause:{binary(settings, 'pause').parent.name}"


def dns_image(settings: LocalSettings) -> str:
    """Return CoreDNS's image."""
    version = required_version("kubernetes", "github.com/coredns/coredns")
    return f"{settings.registry}/mirror/coredns/coredns:{version}"


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _kill_containers(settings: LocalSettings) -> None:
    """Kill the processes in pods, since containers outlive the daemon that started them."""
    ctr = ["ctr", "--address", f"{settings.run_dir}/containerd.sock", "--namespace", "k8s.io"]
    tasks = subprocess.run([*ctr, "tasks", "list", "-q"], capture_output=True, text=True, check=False)
    for task in tasks.stdout.split():
        subprocess.run([*ctr, "tasks", "delete", "--force", task], capture_output=True, check=False)


def shims(settings: LocalSettings) -> Iterator[int]:
    """Yield the containers' parent processes that a killed containerd left behind, by the name of their
    socket.
    """
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        ours = f"{settings.run_dir}/containerd.sock".encode()
        if words and words[0].endswith(b"containerd-shim-runc-v2") and ours in words:
            yield int(folder.name)


def children_of(process: int) -> list[int]:
    """Return the child processes of a process."""
    found: list[int] = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(file.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent == process:
            found.append(int(file.parent.name))
    return found


def _end(shim: int) -> None:
    """Kill a shim and its containers."""
    for pid in (*children_of(shim), shim):
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            continue


def _unmount(settings: LocalSettings) -> None:
    """Unmount the file systems of pods, in reverse order."""
    below = (f"{settings.data_dir}/", f"{settings.run_dir}/")
    places = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for place in reversed([p for p in places if p.startswith(below)]):
        subprocess.run(["umount", "--lazy", place], capture_output=True, check=False)
