"""Sidecar container with the proxy that limits the concurrent requests to an image that the user supplies."""

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

# Envoy applies limits per thread: a single thread has the whole limit.
_ARGUMENTS = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]


def admission_sidecar(model: Model, images: Images) -> list[k8s.core.v1.ContainerArgs]:
    """Return the sidecar proxy of a model that sets one of the proxy's limits, otherwise an empty list.

    The proxy is a native Kubernetes sidecar: it accepts connections before the predictor starts and
    terminates after the predictor has ended, so that the predictor's last responses pass. The proxy has no
    admin interface.
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
