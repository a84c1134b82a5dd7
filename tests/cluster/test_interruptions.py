"""What is killed in the middle of its work loses nothing, and the next run ends it."""

import os
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.load import load
from tests.replicas import IRIS
from tests.stacks import Stack, get, kubectl

pytestmark = pytest.mark.cluster


def generation(live: Stack) -> int:
    return get("deployment", IRIS, live.namespace)["metadata"]["generation"]


def killed_amid_a_rollout(live: Stack) -> None:
    """Start an update, and kill the engine without a word once the cluster has begun to carry it out."""
    live.write()
    before, deadline = generation(live), time.monotonic() + 120
    run = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview", "--stack", live.name, "--non-interactive"],
        cwd=live.folder,
        env=live.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while generation(live) == before:
        assert run.poll() is None, "the update ended before it was seen"
        assert time.monotonic() < deadline, "the update changed nothing"
        time.sleep(0.1)
    run.kill()
    assert run.wait() == -signal.SIGKILL
    for plugin in processes_of(run.pid):
        os.kill(plugin, signal.SIGKILL)


def processes_of(session: int) -> list[int]:
    """Return what runs in a session: the engine's plugins are in groups of their own."""
    found = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in found if session_of(pid) == session]


def session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def test_an_engine_that_is_killed_amid_an_update_is_followed_by_one_that_ends_it(live: Stack) -> None:
    live.settings["models"][IRIS]["compute"] = {"cpu": "60m"}
    with load(live.endpoints()[IRIS]) as answered:
        killed_amid_a_rollout(live)
        locked = live.pulumi("up", "--yes", "--skip-preview", check=False)
        live.pulumi("cancel", "--yes")
        live.up("--refresh")

    assert locked.returncode != 0
    assert "pulumi cancel" in locked.stdout + locked.stderr
    assert set(answered.outcomes) == {"200"}, answered.outcomes
    pod = get("deployment", IRIS, live.namespace)["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"]["requests"]["cpu"] == "60m"
    live.pulumi("preview", "--expect-no-changes")


def test_pod_security_is_enforced_not_only_labelled(live: Stack) -> None:
    with pytest.raises(AssertionError, match="violates PodSecurity"):
        kubectl("run", "root", "--image", "registry.example/any:1", "-n", live.namespace)
    assert "root" not in kubectl("get", "pods", "-n", live.namespace, "-o", "name")


def test_the_gateway_comes_back_by_itself(live: Stack) -> None:
    """Of one proxy, as here; with the default two, clients keep the other."""
    gateway = ("-n", "envoy-gateway-system", "-l", "gateway.envoyproxy.io/owning-gateway-name=axon")
    kubectl("delete", "pod", *gateway, "--wait=true")
    kubectl("wait", "pod", *gateway, "--for=condition=Ready", "--timeout=120s")
    until_reached(live.endpoints()[IRIS])

    with load(live.endpoints()[IRIS]) as answered:
        answered.until_answered(100)

    assert set(answered.outcomes) == {"200"}, answered.outcomes


def until_reached(url: str) -> None:
    """Wait for the Service's rules, which follow when its only pod is ready again."""
    deadline = time.monotonic() + 60
    while True:
        try:
            httpx.head(url)
            return
        except httpx.ConnectError:
            assert time.monotonic() < deadline, "no connection in a minute"
            time.sleep(0.1)
