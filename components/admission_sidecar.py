"""The container with the proxy that limits what an image of the user's own takes at once."""

import json

import pulumi_kubernetes as k8s

from components.admission_clusters import Admission
from components.admission_proxy import bootstrap
from components.platform import versions
from components.sidecars import locked_down
from stacks.settings.image_limits import proxy_compute
from stacks.settings.image_predictor import PROXY, PROXY_PORT, ImagePredictor
from stacks.settings.images import Images
from stacks.settings.model import Model
from stacks.settings.times import request_seconds, stream_idle_seconds
from stacks.settings.units import quantity_value

# Envoy counts by thread: one has the whole of the limits.
_ARGUMENTS = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]


def admission_sidecar(model: Model, images: Images) -> list[k8s.core.v1.ContainerArgs]:
    """Return the proxy before the container of a model, where one of its limits is stated.

    Kubernetes' own sidecar: it accepts connections before the predictor starts, and is told to end after the
    predictor has ended, so the predictor's last answers pass. It has no administration interface.
    """
    image = model.predictor
    if not isinstance(image, ImagePredictor) or not model.proxied:
        return []
    compute = proxy_compute(model.proxied)
    config = json.dumps(bootstrap(_wanted(model, image, compute.mem)), sort_keys=True)
    accepts = k8s.core.v1.TCPSocketActionArgs(port=PROXY_PORT)
    return [
        k8s.core.v1.ContainerArgs(
            name=PROXY,
            image=images.mirrored(versions.ENVOY_IMAGE),
            command=["envoy"],
            args=["--config-yaml", config, *_ARGUMENTS],
            restart_policy="Always",
            ports=[k8s.core.v1.ContainerPortArgs(container_port=PROXY_PORT)],
            resources=k8s.core.v1.ResourceRequirementsArgs(
                requests={"cpu": compute.cpu, "memory": compute.mem}, limits={"memory": compute.mem}
            ),
            security_context=locked_down(),
            startup_probe=k8s.core.v1.ProbeArgs(tcp_socket=accepts, period_seconds=1, failure_threshold=60),
            readiness_probe=k8s.core.v1.ProbeArgs(tcp_socket=accepts, period_seconds=5, failure_threshold=2),
            liveness_probe=k8s.core.v1.ProbeArgs(tcp_socket=accepts, period_seconds=10, failure_threshold=6),
        )
    ]


def _wanted(model: Model, image: ImagePredictor, memory: str) -> Admission:
    limits, seconds = model.proxied, request_seconds(model)
    body = limits.get("max_body_size")
    return Admission(
        listen=PROXY_PORT,
        port=image.port,
        h2c=image.protocol == "h2c",
        at_once=model.server.max_concurrency if "max_concurrency" in limits else None,
        waiting=model.server.max_queue_length,
        seconds=seconds,
        idle_seconds=seconds or stream_idle_seconds(model) or 0,
        body_bytes=int(quantity_value(str(body))) if body is not None else None,
        heap_bytes=int(quantity_value(memory) * 3 / 4),
    )
