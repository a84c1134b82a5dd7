"""The stack `frameworks`, in a namespace of its own on the machine's cluster."""

import uuid
from collections.abc import Iterator

import pytest
import yaml

from local.publish import publish
from local.settings import LocalSettings
from stacks.settings.loading import STACKS, load_file
from tests.conftest import ONE, SMALL, machine
from tests.stacks import Stack, kubectl, stack

__all__ = ["machine"]


@pytest.fixture(scope="session")
def frameworks(machine: LocalSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Its models, deployed by a real `pulumi up`, with the platform where the cluster has none."""
    config = yaml.safe_load((STACKS / "Pulumi.frameworks.yaml").read_text())["config"]
    settings = {key.removeprefix("axon:"): value for key, value in config.items()}
    local = yaml.safe_load((STACKS / "Pulumi.local.yaml").read_text())["config"]
    publish(machine, load_file("frameworks"))
    name = f"frameworks-{uuid.uuid4().hex[:6]}"
    has_platform = kubectl("get", "gateways", "-A", "-o", "name", check=False) != ""
    settings["platform"] = {
        **local["axon:platform"],
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
