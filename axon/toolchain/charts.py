"""Upstream charts as a folder of the project: `local/charts`, for machines that cannot fetch them."""

import hashlib
import shutil
from pathlib import Path

from axon.machine import LocalSettings
from axon.steps import Step
from axon.toolchain import keda_chart
from axon.toolchain.builds import binary, module_folder
from axon.toolchain.keda_chart import write_keda_chart
from components.platform import versions
from stacks.settings.project import PROJECT

FOLDER = PROJECT / "local/charts"
# The modules of the binaries contain the charts: chart, module, folder in it.
_SOURCES = [
    (versions.GATEWAY_CRDS_CHART.name, "github.com/envoyproxy/gateway", "charts/gateway-crds-helm"),
    (versions.GATEWAY_CHART.name, "github.com/envoyproxy/gateway", "charts/gateway-helm"),
    (versions.METRICS_SERVER_CHART.name, "sigs.k8s.io/metrics-server", "charts/metrics-server"),
]


def missing_charts(settings: LocalSettings) -> list[Step]:
    """Return the step that collects the charts in the cache."""
    done = _cached(settings).exists()
    return [] if done else [Step("collect the upstream charts", 2, lambda: _collect(settings))]


def copy_charts(settings: LocalSettings) -> None:
    """Copy the collected charts into this checkout."""
    if not FOLDER.exists() or (FOLDER / ".of").read_text() != _cached(settings).name:
        shutil.rmtree(FOLDER, ignore_errors=True)
        shutil.copytree(_cached(settings), FOLDER)
        (FOLDER / ".of").write_text(_cached(settings).name)


def _cached(settings: LocalSettings) -> Path:
    pins = "-".join(binary(settings, name).parent.name for name in ("envoy-gateway", "keda"))
    made_by = hashlib.sha256(Path(keda_chart.__file__).read_bytes()).hexdigest()[:12]
    return settings.cache_dir / "tools" / f"charts-{pins}-{made_by}"


def _collect(settings: LocalSettings) -> None:
    target = _cached(settings)
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for name, module, folder in _SOURCES:
        source = module_folder(settings, "kubernetes", module) / folder
        shutil.copytree(source, partial / name, copy_function=shutil.copyfile)
        _make_writable(partial / name)
        _fill_values(partial / name)
    keda = module_folder(settings, "keda", "github.com/kedacore/keda/v2")
    write_keda_chart(keda, partial / versions.KEDA_CHART.name)
    partial.rename(target)


def _make_writable(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _fill_values(chart: Path) -> None:
    """Set the image in the template of the values, as upstream's release does."""
    template = chart / "values.tmpl.yaml"
    if template.exists():
        text = template.read_text().replace("${GatewayImagePullPolicy}", "IfNotPresent")
        text = text.replace("${GatewayImage}", versions.ENVOY_GATEWAY_IMAGE)
        (chart / "values.yaml").write_text(text)
