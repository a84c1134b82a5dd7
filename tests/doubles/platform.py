"""What the AWS platform's add-ons need on a machine that can fetch neither their charts nor their images."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from axon.images.build import Builder, pushed
from axon.machine import LocalSettings
from axon.steps import run_steps
from axon.toolchain.charts import FOLDER as LOCAL_CHARTS
from axon.toolchain.go import go_command, missing_go
from components.platform import versions
from stacks.settings import Images

_HERE = Path(__file__).parent
# Upstream's own, from the Go module that their repository is.
_UPSTREAM = (versions.LOAD_BALANCER_CONTROLLER_CHART.name, versions.FLUENT_BIT_CHART.name)
_IMAGES = (versions.LOAD_BALANCER_CONTROLLER_IMAGE, versions.FLUENT_BIT_IMAGE)


def collect_charts(settings: LocalSettings, folder: Path) -> None:
    """Fill a folder with the local charts, with upstream's, and with stand-ins for the rest."""
    shutil.copytree(LOCAL_CHARTS, folder)
    for chart in _UPSTREAM:
        shutil.copytree(_eks_charts(settings) / "stable" / chart, folder / chart)
    for chart in (_HERE / "charts").iterdir():
        if chart.is_dir():
            shutil.copytree(chart, folder / chart.name)


def publish_addons(settings: LocalSettings, images: Images) -> None:
    """Push an image that stands in for the add-ons' own."""
    for upstream in _IMAGES:
        image = images.mirrored(upstream)
        if not pushed(image):
            folder = _HERE / "addon"
            Builder(settings).build(image, folder, folder / "Dockerfile", {"BASE_IMAGE": images.base})


def _eks_charts(settings: LocalSettings) -> Path:
    run_steps(missing_go(settings))
    run = subprocess.run(
        [go_command(settings), "mod", "download", "-json"],
        cwd=_HERE / "charts",
        env={**os.environ, "GOWORK": "off", "GOFLAGS": "-mod=readonly"},
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(json.loads(run.stdout)["Dir"])
