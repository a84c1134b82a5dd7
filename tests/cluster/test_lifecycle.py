"""The local cluster after a crash of one process, of the supervisor, and of all (as after a reboot)."""

import os
import signal
import time
from collections.abc import Callable

import httpx
import pytest

from axon.found import found_cluster
from axon.local_cluster import cluster, supervisor
from axon.machine import LocalSettings
from tests.cluster.test_traffic import ask
from tests.load import load
from tests.stacks import Stack, get

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(found_cluster(LocalSettings()) is not None, reason="the cluster is not axon's own"),
]
SAMPLE = {"instances": [[5.1, 3.5, 1.4, 0.2]]}


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def pid_of(machine: LocalSettings, process: str) -> int:
    return int(supervisor.control(machine, "pid", process))


def test_a_killed_process_is_started_again(machine: LocalSettings, deployed: Stack) -> None:
    before = pid_of(machine, "kube-scheduler")

    kill(before)

    until(lambda: supervisor.states(machine)["kube-scheduler"].startswith("RUNNING"))
    assert pid_of(machine, "kube-scheduler") != before


@pytest.mark.parametrize("process", ["kube-apiserver", "kubelet"])
def test_no_request_fails_while_a_part_of_the_cluster_is_killed(
    machine: LocalSettings, deployed: Stack, process: str
) -> None:
    before = pid_of(machine, process)

    with load(deployed.endpoints()["iris-classifier"]) as answered:
        kill(before)
        until(lambda: supervisor.states(machine)[process].startswith("RUNNING"))
        until(lambda: cluster.status(machine)["cluster"] == "ready")
        answered.until_answered(200)

    assert pid_of(machine, process) != before
    assert set(answered.outcomes) == {"200"}, answered.outcomes


def test_starting_a_cluster_that_runs_changes_nothing(machine: LocalSettings, deployed: Stack) -> None:
    before = supervisor.control(machine, "pid", "all")

    cluster.start(machine)

    assert supervisor.control(machine, "pid", "all") == before


def test_a_start_takes_over_from_a_killed_supervisor(machine: LocalSettings, deployed: Stack) -> None:
    kill(int(supervisor.control(machine, "pid")))

    cluster.start(machine)

    assert cluster.status(machine)["cluster"] == "ready"
    assert ask(deployed.endpoints()["iris-classifier"], SAMPLE).status_code == 200


def test_the_data_outlives_every_process(machine: LocalSettings, deployed: Stack) -> None:
    before = get("deployment", "iris-classifier", deployed.namespace)["metadata"]["uid"]
    shims = list(cluster.shims(machine))
    containers = [pid for shim in shims for pid in cluster.children_of(shim)]
    kill(int(supervisor.control(machine, "pid")), *supervisor.children(machine), *shims, *containers)

    cluster.start(machine)

    assert get("deployment", "iris-classifier", deployed.namespace)["metadata"]["uid"] == before
    until(lambda: answers(deployed), seconds=120)


def answers(stack: Stack) -> bool:
    try:
        return ask(stack.endpoints()["iris-classifier"], SAMPLE).status_code == 200
    except httpx.TransportError:  # the gateway itself is on its way back
        return False
