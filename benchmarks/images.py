"""`python -m benchmarks.images [STARTS]`: the size of each framework's image, and how soon a replica answers.

On the cluster that `make up` has started, a stack of its own serves an example of each framework. Each of
its replicas is removed so many times (3), and the next one's time to readiness taken: the image is on the
node, and nothing of the model is loaded. Readiness is asked for once a second.
"""

import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import yaml

from predictor_images import contexts_of
from stacks.settings.images import Images
from stacks.settings.loading import STACKS
from stacks.settings.model import Model
from tests.conftest import ONE, SMALL
from tests.replicas import is_ready, staying
from tests.stacks import Stack, kubectl, stack

_OCI = {"accept": "application/vnd.oci.image.manifest.v1+json"}
_ONNX = {"iris-by-onnx": {"predictor": {"type": "sklearn", "path": "predictors/iris", "onnx": True}}}


def models() -> dict[str, Any]:
    """Return an example of each framework, one replica each."""
    found: dict[str, Any] = {}
    for name in ("local", "frameworks"):
        config = yaml.safe_load((STACKS / f"Pulumi.{name}.yaml").read_text())["config"]
        found |= config["axon:models"]
    return {
        name: {**model, "compute": {**model.get("compute", {}), **SMALL}, "autoscaling": dict(ONE)}
        for name, model in (found | _ONNX).items()
    }


def framework_image(settings: dict[str, Any], model: str) -> str:
    """Return the image that a model's own is built on."""
    images = Images.model_validate(settings["images"])
    return contexts_of(images, Model.model_validate(settings["models"][model]).predictor)[0].image


def compressed(image: str) -> int:
    """Return the bytes that a node pulls of an image."""
    registry, _, rest = image.partition("/")
    repository, _, tag = rest.rpartition(":")
    url = f"http://{registry}/v2/{repository}/manifests/{tag}"
    return sum(layer["size"] for layer in httpx.get(url, headers=_OCI).raise_for_status().json()["layers"])


def start(live: Stack, model: str) -> float:
    """Remove a model's replica, and return the seconds until the next one is ready."""
    before = {pod["metadata"]["name"] for pod in staying(live, model)}
    began = time.monotonic()
    kubectl("delete", "pod", *before, "-n", live.namespace, "--wait=false")
    while not any(is_ready(pod) for pod in staying(live, model) if pod["metadata"]["name"] not in before):
        if time.monotonic() - began > 300:
            raise SystemExit(kubectl("describe", "pods", "-n", live.namespace))
        time.sleep(0.1)
    return time.monotonic() - began


def main() -> None:
    """Print a table."""
    starts = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    name = f"bench-{uuid.uuid4().hex[:6]}"
    config = yaml.safe_load((STACKS / "Pulumi.local.yaml").read_text())["config"]
    settings: dict[str, Any] = {key.removeprefix("axon:"): value for key, value in config.items()}
    settings["platform"] |= {"namespace": f"axon-{name}", "install": False}
    settings["models"] = models()
    for model, values in settings["models"].items():
        values["networking"] = {"endpoint": f"/{name}/{model}"}
    with (
        tempfile.TemporaryDirectory(prefix="axon-images-") as root,
        stack(Path(root) / "axon", name, settings) as live,
    ):
        live.local("images")
        live.up()
        print("| image | MB | example | s |\n|---|---|---|---|", flush=True)
        for model in settings["models"]:
            image = framework_image(settings, model)
            seconds = statistics.median(start(live, model) for _ in range(starts))
            kind = image.rpartition("/")[2].partition(":")[0]
            print(f"| {kind} | {compressed(image) / 1e6:,.0f} | {model} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
