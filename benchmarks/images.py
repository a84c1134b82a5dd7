"""Size of each framework's image, and start time of a replica: `python -m benchmarks.images [STARTS]`.

On the cluster that `make up` has started, with the models of `make models STACK=frameworks`, a stack of its
own serves an example of each framework. Each replica is removed STARTS times (3), and the time until its
successor is ready is measured: the image is on the node, and the model is not loaded. Readiness is polled
once per second.
"""

import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import httpx

from predictor_images import contexts_of
from stacks.settings.images import Images
from stacks.settings.model import Model
from tests.conftest import ONE, SMALL
from tests.replicas import pods, until_ready
from tests.stacks import Stack, beside_local, kubectl, of_file, stack

_OCI = {"accept": "application/vnd.oci.image.manifest.v1+json"}
_ONNX = {"iris-by-onnx": {"predictor": {"type": "sklearn", "path": "predictors/iris", "onnx": True}}}


def models(stack_name: str) -> dict[str, Any]:
    """Return an example of each framework, with one replica each."""
    found = of_file("local")["models"] | of_file("frameworks")["models"] | _ONNX
    return {
        name: {
            **model,
            "compute": {**model.get("compute", {}), **SMALL},
            "autoscaling": dict(ONE),
            "networking": {"endpoint": f"/{stack_name}/{name}"},
        }
        for name, model in found.items()
    }


def framework_image(settings: dict[str, Any], model: str) -> str:
    """Return the framework's image of a model."""
    images = Images.model_validate(settings["images"])
    return contexts_of(images, Model.model_validate(settings["models"][model]).predictor)[0].image


def compressed(image: str) -> int:
    """Return the compressed size of an image in bytes."""
    registry, _, rest = image.partition("/")
    repository, _, tag = rest.rpartition(":")
    url = f"http://{registry}/v2/{repository}/manifests/{tag}"
    return sum(layer["size"] for layer in httpx.get(url, headers=_OCI).raise_for_status().json()["layers"])


def start(live: Stack, model: str) -> float:
    """Remove a model's replica, and return the seconds until the next one is ready."""
    (replica,) = pods(live, model)
    began = time.monotonic()
    kubectl("delete", "pod", replica, "-n", live.namespace, "--wait=false")
    until_ready(live, 1, model)
    return time.monotonic() - began


def main() -> None:
    """Print a table."""
    starts = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    name = f"bench-{uuid.uuid4().hex[:6]}"
    settings = {**beside_local(name), "models": models(name)}
    with (
        tempfile.TemporaryDirectory(prefix="axon-images-") as root,
        stack(Path(root) / "axon", name, settings) as live,
    ):
        live.axon("images")
        live.up()
        print("| image | MB | example | s |\n|---|---|---|---|", flush=True)
        for model in settings["models"]:
            image = framework_image(settings, model)
            seconds = statistics.median(start(live, model) for _ in range(starts))
            kind = image.rpartition("/")[2].partition(":")[0]
            print(f"| {kind} | {compressed(image) / 1e6:,.0f} | {model} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
