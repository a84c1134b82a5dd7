"""Pod of a model API: locked-down containers, one of which serves requests."""

import pulumi
import pulumi_kubernetes as k8s

from components.admission_sidecar import admission_sidecar
from components.environment import predictor_environment
from components.model_source import cache_mounts, cache_volumes, credentials, shares_cache
from components.ports import HTTP_PORT, MANAGEMENT, MANAGEMENT_PORT
from components.probes import Probes, image_probes, lifecycle
from components.pull_secrets import pull_secrets
from components.scheduling import Scheduling
from components.sidecars import locked_down, shared_mounts, sidecar_volumes, sidecars
from stacks.settings.compute import Compute
from stacks.settings.image_predictor import PREDICTOR, PROXY_PORT
from stacks.settings.images import Images
from stacks.settings.model import ImagePredictor, Model
from stacks.settings.times import draining_seconds, grace_seconds, startup_seconds

# Any user except root; distroless images call this user nonroot.
USER = 65532

_SCRATCH, _SHM = "tmp", "shm"


def pod_spec(
    name: str,
    model: Model,
    image: str,
    images: Images,
    where: Scheduling,
    service_account: pulumi.Input[str],
    priority_class: pulumi.Input[str] | None,
) -> k8s.core.v1.PodSpecArgs:
    """Return the pod that runs `image`: restricted Pod Security, no token, writable scratch space only."""
    return k8s.core.v1.PodSpecArgs(
        service_account_name=service_account,
        priority_class_name=priority_class,
        tolerations=where.tolerations or None,
        affinity=where.affinity,
        topology_spread_constraints=where.spread,
        automount_service_account_token=False,
        enable_service_links=False,
        termination_grace_period_seconds=grace_seconds(model),
        image_pull_secrets=pull_secrets(model, images),
        security_context=k8s.core.v1.PodSecurityContextArgs(
            run_as_non_root=True,
            run_as_user=USER,
            run_as_group=USER,
            fs_group=USER if shares_cache(model) else None,
            fs_group_change_policy="OnRootMismatch" if shares_cache(model) else None,
            seccomp_profile=k8s.core.v1.SeccompProfileArgs(type="RuntimeDefault"),
        ),
        init_containers=[*admission_sidecar(model, images), *sidecars(model)] or None,
        containers=[_container(name, model, image)],
        volumes=_volumes(model),
    )


def port(model: Model) -> int:
    """Return the port on which a model's container listens."""
    return model.predictor.port if isinstance(model.predictor, ImagePredictor) else HTTP_PORT


def entrance_port(model: Model) -> int:
    """Return the port of a replica to which the gateway sends requests: the sidecar proxy's, if there is
    one.
    """
    return PROXY_PORT if model.proxied else port(model)


def service_port(model: Model) -> k8s.core.v1.ServicePortArgs:
    """Return the Service's port with its protocol, which determines the gateway's protocol."""
    image = model.predictor if isinstance(model.predictor, ImagePredictor) else None
    return k8s.core.v1.ServicePortArgs(
        name="http",
        port=80,
        target_port=PROXY_PORT if model.proxied else "http",
        # https://kubernetes.io/docs/concepts/services-networking/service/#application-protocol
        app_protocol="kubernetes.io/h2c" if image and image.protocol == "h2c" else None,
    )


def _container(name: str, model: Model, image: str) -> k8s.core.v1.ContainerArgs:
    own = model.predictor if isinstance(model.predictor, ImagePredictor) else None
    probes = image_probes(model, own) if own else _probes(model)
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
        startup_probe=probes.startup,
        readiness_probe=probes.readiness,
        liveness_probe=probes.liveness,
        lifecycle=lifecycle(own, draining_seconds(model)),
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


def _resources(compute: Compute) -> k8s.core.v1.ResourceRequirementsArgs:
    # Kubernetes counts devices by limits, and allows no different request.
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


def _probes(model: Model) -> Probes:
    """Return the probes of axon's own runtime, which serves probes in a thread that runs no model.

    Startup allows a long loading time, readiness detects failures. A replica that does not respond, or whose
    model hangs, is restarted after a minute.
    """
    return Probes(
        _probe("/ready", period=1, failures=startup_seconds(model)),
        _probe("/ready", period=5, failures=2),
        _probe("/live", period=10, failures=6),
    )


def _probe(path: str, *, period: int, failures: int) -> k8s.core.v1.ProbeArgs:
    return k8s.core.v1.ProbeArgs(
        http_get=k8s.core.v1.HTTPGetActionArgs(path=path, port=MANAGEMENT),
        period_seconds=period,
        failure_threshold=failures,
        timeout_seconds=2,
    )
