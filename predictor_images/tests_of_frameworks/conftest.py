"""The stack `frameworks`, in a namespace of its own on the machine's cluster."""

import uuid
from collections.abc import Iterator

import pytest

from axon.images.publish import publish
from axon.machine import LocalSettings
from stacks.settings.loading import load_file
from tests.conftest import ONE, SMALL, machine
from tests.stacks import Stack, kubectl, of_file, stack

__all__ = ["machine"]


@pytest.fixture(scope="session")
def frameworks(machine: LocalSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Its models, deployed by a real `pulumi up`, with the platform where the cluster has none."""
    settings = of_file("frameworks")
    publish(machine, load_file("frameworks"))
    name = f"frameworks-{uuid.uuid4().hex[:6]}"
    has_platform = kubectl("get", "gateways", "-A", "-o", "name", check=False) != ""
    settings["platform"] = {
        **of_file("local")["platform"],
        "namespace": f"axon-{name}",
        "install": not has_platform,
    }
    for model, values in settings["models"].items():
        values["networking"] = {"endpoint": f"/{name}/{model}"}
        values["compute"] = {**values.get("compute", {}), **SMALL}
        values["autoscaling"] = dict(ONE)
    with stack(tmp_path_factory.mktemp("project") / "axon", name, settings) as made:
        made.up()
        yield made
