"""What the engine's and the cluster's tests share: one platform and one stack of both example models."""

import copy
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from axon.found import found_cluster
from axon.images.publish import publish
from axon.local_cluster import cluster, supervisor
from axon.machine import LocalSettings
from stacks.settings.loading import load_file
from tests.stacks import Stack, kubectl, of_file, stack

# A node of two cores holds the stacks of all tests so, and the machine's own.
SMALL = {"cpu": "50m"}
# How much cpu a start takes is the machine's affair: only a test of scaling may see a second replica.
ONE = {"min_replicas": 1, "max_replicas": 1}


@pytest.fixture(scope="session")
def machine() -> Iterator[LocalSettings]:
    """A cluster: the current context's, or the local one, which is left as it was found."""
    settings = LocalSettings()
    if found_cluster(settings):
        yield settings
        return
    existed = settings.data_dir.exists()
    ran = supervisor.running(settings)
    cluster.start(settings)
    yield settings
    if not existed:
        cluster.delete(settings)
        assert not supervisor.children(settings)
        assert not list(cluster.shims(settings))
        assert str(settings.data_dir) not in Path("/proc/mounts").read_text()
    elif not ran:
        cluster.stop(settings)


@pytest.fixture(scope="session")
def deployed(machine: LocalSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The local stack's models in a namespace of their own, deployed by a real `pulumi up`.

    The platform is installed with them where the cluster has none, and removed again with them.
    """
    settings = of_file("local")
    publish(machine, load_file("local"))
    has_platform = kubectl("get", "gateways", "-A", "-o", "name", check=False) != ""
    name = f"test-{uuid.uuid4().hex[:6]}"
    settings["platform"] = {**settings["platform"], "namespace": f"axon-{name}", "install": not has_platform}
    for model, values in settings["models"].items():  # beside the same models of another stack
        values["networking"] = {"endpoint": f"/{name}/{model}"}
        values["compute"], values["autoscaling"] = dict(SMALL), dict(ONE)
    settings["models"]["digits-classifier"]["autoscaling"]["target_cpu_utilization"] = 80
    with stack(tmp_path_factory.mktemp("project") / "axon", name, settings) as made:
        made.up()
        yield made


@pytest.fixture
def live(deployed: Stack) -> Iterator[Stack]:
    """The deployed stack, whose settings a test may change: they, and the world, are put back."""
    before = copy.deepcopy(deployed.settings)
    yield deployed
    if deployed.settings != before:
        deployed.settings.clear()
        deployed.settings.update(before)
        deployed.up()
