"""The pod of a model API: locked-down containers, of which one answers."""

import math

import pulumi
import pulumi_kubernetes as k8s

from components.environment import predictor_environment
from components.model_source import cache_mounts, cache_volumes, credentials, shares_cache
from components.scheduling import Scheduling
from components.shutdown import DRAIN_SECONDS, termination_seconds
from components.sidecars import locked_down, shared_mounts, sidecar_volumes, sidecars
from stacks.settings.compute import Compute
from stacks.settings.image_predictor import PREDICTOR
from stacks.settings.model import ImagePredictor, Model
from stacks.settings.units import duration_seconds

# Any user that is not root; the one that distroless images call nonroot.
USER = 65532
# The runtime's port of probes and metrics, which the gateway has no way to.
MANAGEMENT_PORT, MANAGEMENT = 8081, "management"

_SCRATCH, _SHM = "tmp", "shm"


def pod_spec(
    name: str,
    model: Model,
    image: str,
    where: Scheduling,
    service_account: pulumi.Input[str],
    priority_class: pulumi.Input[str] | None,
) -> k8s.core.v1.PodSpecArgs:
    """Return the pod that runs `image`: restricted Pod Security, no token, nothing writable but scratch."""
    return k8s.core.v1.PodSpecArgs(
        service_account_name=service_account,
        priority_class_name=priority_class,
        tolerations=where.tolerations or None,
        affinity=where.affinity,
        topology_spread_constraints=where.spread,
        automount_service_account_token=False,
        enable_service_links=False,
        termination_grace_period_seconds=termination_seconds(model),
        security_context=k8s.core.v1.PodSecurityContextArgs(
            run_as_non_root=True,
            run_as_user=USER,
            run_as_group=USER,
            fs_group=USER if shares_cache(model) else None,
            fs_group_change_policy="OnRootMismatch" if shares_cache(model) else None,
            seccomp_profile=k8s.core.v1.SeccompProfileArgs(type="RuntimeDefault"),
        ),
        init_containers=sidecars(model),
        containers=[_container(name, model, image)],
        volumes=_volumes(model),
    )


def port(model: Model) -> int:
    """Return the port that a model's container listens on."""
    return model.predictor.port if isinstance(model.predictor, ImagePredictor) else 8080


def _container(name: str, model: Model, image: str) -> k8s.core.v1.ContainerArgs:
    own = model.predictor if isinstance(model.predictor, ImagePredictor) else None
    return k8s.core.v1.ContainerArgs(
        name=PREDICTOR,
        image=image,
        command=(own.command or None) if own else None,
        args=(own.args or None) if own else None,
        ports=_ports(model),
        env=predictor_environment(name, model),
        env_from=credentials(model),
        resources=_resources(model.compute),
        security_context=locked_down(),
        # Loading may take long, failing must not: the startup probe allows the first, readiness the second.
        startup_probe=_probe(model, _ready_path(model), period=1, failures=_startup_seconds(model)),
        readiness_probe=_probe(model, _ready_path(model), period=5, failures=2),
        liveness_probe=_liveness(model),
        lifecycle=k8s.core.v1.LifecycleArgs(
            pre_stop=k8s.core.v1.LifecycleHandlerArgs(
                sleep=k8s.core.v1.SleepActionArgs(seconds=DRAIN_SECONDS)
            )
        ),
        volume_mounts=_mounts(model),
    )


def _volumes(model: Model) -> list[k8s.core.v1.VolumeArgs]:
    memory = k8s.core.v1.EmptyDirVolumeSourceArgs(medium="Memory", size_limit=model.compute.shm)
    return [
        k8s.core.v1.VolumeArgs(name=_SCRATCH, empty_dir=k8s.core.v1.EmptyDirVolumeSourceArgs()),
        *([k8s.core.v1.VolumeArgs(name=_SHM, empty_dir=memory)] if model.compute.shm else []),
        *cache_volumes(model),
        *sidecar_volumes(model),
    ]


def _mounts(model: Model) -> list[k8s.core.v1.VolumeMountArgs]:
    shm = k8s.core.v1.VolumeMountArgs(name=_SHM, mount_path="/dev/shm")
    return [
        k8s.core.v1.VolumeMountArgs(name=_SCRATCH, mount_path="/tmp"),
        *([shm] if model.compute.shm else []),
        *cache_mounts(model),
        *shared_mounts(model),
    ]


def _startup_seconds(model: Model) -> int:
    """Five minutes, or what a rollout may take: fetching a large model does."""
    return max(300, math.ceil(duration_seconds(model.update_strategy.timeout)))


def _resources(compute: Compute) -> k8s.core.v1.ResourceRequirementsArgs:
    # Kubernetes counts devices by limits, and allows no other request.
    devices = {"nvidia.com/gpu": compute.gpu, "aws.amazon.com/neuron": compute.neuron}
    both = {key: str(count) for key, count in devices.items() if count}
    if compute.ephemeral_storage:
        both["ephemeral-storage"] = compute.ephemeral_storage
    return k8s.core.v1.ResourceRequirementsArgs(
        requests={"cpu": compute.cpu, "memory": compute.mem, **both},
        limits={"memory": compute.mem, **both},
    )


def _ports(model: Model) -> list[k8s.core.v1.ContainerPortArgs]:
    ports = {"http": port(model)}
    if not isinstance(model.predictor, ImagePredictor):
        ports[MANAGEMENT] = MANAGEMENT_PORT
    return [k8s.core.v1.ContainerPortArgs(name=name, container_port=number) for name, number in ports.items()]


def _ready_path(model: Model) -> str:
    return model.predictor.readiness_path if isinstance(model.predictor, ImagePredictor) else "/ready"


def _liveness(model: Model) -> k8s.core.v1.ProbeArgs | None:
    """Return the probe that ends a replica which is dead, or whose model hangs, for a minute.

    The runtime answers it in a thread of its own. Of an image nobody knows such a path.
    """
    predictor = model.predictor
    path = predictor.liveness_path if isinstance(predictor, ImagePredictor) else "/live"
    return _probe(model, path, period=10, failures=6) if path else None


def _probe(model: Model, path: str, *, period: int, failures: int) -> k8s.core.v1.ProbeArgs:
    own = model.predictor if isinstance(model.predictor, ImagePredictor) else None
    return k8s.core.v1.ProbeArgs(
        http_get=k8s.core.v1.HTTPGetActionArgs(path=path, port="http" if own else MANAGEMENT),
        period_seconds=period,
        failure_threshold=failures,
        timeout_seconds=math.ceil(duration_seconds(own.probe_timeout if own else "2s")),
    )
