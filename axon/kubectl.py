"""Ask the local API server, with kubectl, and wait for what it says."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from axon.machine import NODE, LocalSettings
from axon.steps import StepFailed
from stacks.settings.cluster import ExistingCluster

KUBECTL = str(Path(sys.executable).parent / "kubectl")


def kubectl(kubeconfig: Path | None, *words: str, stdin: str | None = None) -> str:
    """Run kubectl and return what it prints. Without a kubeconfig: the one that it finds by itself.

    Raises:
        StepFailed: with kubectl's own words.
    """
    where = ["--kubeconfig", str(kubeconfig)] if kubeconfig else []
    run = subprocess.run([KUBECTL, *where, *words], input=stdin, capture_output=True, text=True, check=False)
    if run.returncode:
        raise StepFailed(f"kubectl {' '.join(words)}: {run.stderr.strip()}")
    return run.stdout


def words_for(cluster: ExistingCluster) -> list[str]:
    """Return the words that lead kubectl to the cluster that a stack file names."""
    return [
        *(["--kubeconfig", cluster.kubeconfig] if cluster.kubeconfig else []),
        *(["--context", cluster.context] if cluster.context else []),
    ]


def answers(kubeconfig: Path | None) -> bool:
    """Say whether the API server is ready."""
    try:
        return kubectl(kubeconfig, "get", "--raw", "/readyz", "--request-timeout=5s") == "ok"
    except StepFailed:
        return False


def node_ready(settings: LocalSettings) -> bool:
    """Say whether the node takes pods."""
    return _condition(settings, "node", NODE, "Ready")


def deployment_available(settings: LocalSettings, namespace: str, name: str) -> bool:
    """Say whether a Deployment has its replicas."""
    return _condition(settings, "deployment", name, "Available", "-n", namespace)


def _condition(settings: LocalSettings, kind: str, name: str, condition: str, *words: str) -> bool:
    try:
        text = kubectl(settings.kubeconfig, "get", kind, name, "-o", "json", *words)
    except StepFailed:
        return False
    status: dict[str, Any] = json.loads(text)["status"]
    found = {c["type"]: c["status"] for c in status.get("conditions", [])}
    return found.get(condition) == "True"


def wait_until(ready: Callable[[], bool], what: str, logs: Path, *, seconds: float = 120) -> None:
    """Ask until it is so.

    Raises:
        StepFailed: when it is not so in time.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise StepFailed(f"{what} in {seconds:.0f} s; its logs are in {logs}")
        time.sleep(0.25)
