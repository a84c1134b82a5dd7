"""The pod of a model API: one locked-down container."""

import json
import math

import pulumi
import pulumi_kubernetes as k8s

from components.model_source import cache_mounts, cache_volumes, credentials, shares_cache, source_environment
from components.scheduling import Scheduling
from stacks.settings.model import Compute, ImagePredictor, Model, PythonPredictor
from stacks.settings.units import duration_seconds, quantity_value

# Any user that is not root; the one that distroless images call nonroot.
USER = 65532
# While this passes, the gateway learns that the replica is going; its requests still succeed.
DRAIN_SECONDS = 10
# Beyond a request's timeout, for the server to end in.
GRACE_SECONDS = 5

_SCRATCH = "tmp"


def pod_spec(
    name: str,
    model: Model,
    image: str,
    where: Scheduling,
    service_account: pulumi.Input[str] | None = None,
) -> k8s.core.v1.PodSpecArgs:
    """Return the pod that runs `image`: restricted Pod Security, no token, nothing writable but scratch."""
    return k8s.core.v1.PodSpecArgs(
        service_account_name=service_account,
        tolerations=where.tolerations or None,
        affinity=where.affinity,
        automount_service_account_token=False,
        enable_service_links=False,
        termination_grace_period_seconds=DRAIN_SECONDS + _grace(model),
        security_context=k8s.core.v1.PodSecurityContextArgs(
            run_as_non_root=True,
            run_as_user=USER,
            run_as_group=USER,
            fs_group=USER if shares_cache(model) else None,
            fs_group_change_policy="OnRootMismatch" if shares_cache(model) else None,
            seccomp_profile=k8s.core.v1.SeccompProfileArgs(type="RuntimeDefault"),
        ),
        containers=[_container(name, model, image)],
        volumes=[
            k8s.core.v1.VolumeArgs(name=_SCRATCH, empty_dir=k8s.core.v1.EmptyDirVolumeSourceArgs()),
            *cache_volumes(model),
        ],
    )


def port(model: Model) -> int:
    """Return the port that a model's container listens on."""
    return model.predictor.port if isinstance(model.predictor, ImagePredictor) else 8080


def _container(name: str, model: Model, image: str) -> k8s.core.v1.ContainerArgs:
    return k8s.core.v1.ContainerArgs(
        name="predictor",
        image=image,
        ports=[k8s.core.v1.ContainerPortArgs(name="http", container_port=port(model))],
        env=_environment(name, model),
        env_from=credentials(model),
        resources=_resources(model.compute),
        security_context=k8s.core.v1.SecurityContextArgs(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=k8s.core.v1.CapabilitiesArgs(drop=["ALL"]),
        ),
        # Loading may take long, failing must not: the startup probe allows the first, readiness the second.
        startup_probe=_probe(model, period=1, failures=_startup_seconds(model)),
        readiness_probe=_probe(model, period=5, failures=2),
        # The event loop answers while the model works; a replica whose loop is dead for a minute is ended.
        liveness_probe=_probe(model, period=10, failures=6) if _ours(model) else None,
        lifecycle=k8s.core.v1.LifecycleArgs(
            pre_stop=k8s.core.v1.LifecycleHandlerArgs(
                sleep=k8s.core.v1.SleepActionArgs(seconds=DRAIN_SECONDS)
            )
        ),
        volume_mounts=[
            k8s.core.v1.VolumeMountArgs(name=_SCRATCH, mount_path="/tmp"),
            *cache_mounts(model),
        ],
    )


def _startup_seconds(model: Model) -> int:
    """Five minutes, or what a rollout may take: fetching a large model does."""
    return max(300, math.ceil(duration_seconds(model.update_strategy.timeout)))


def _grace(model: Model) -> int:
    return math.ceil(duration_seconds(model.server.request_timeout)) + GRACE_SECONDS


def _environment(name: str, model: Model) -> list[k8s.core.v1.EnvVarArgs]:
    """Return what the runtime is told (axon_runtime/config.py): no more than differs from its defaults."""
    server = model.server.model_dump(exclude_unset=True)
    for key in ("batch_interval", "request_timeout"):
        if key in server:
            server[key] = duration_seconds(server[key])
    if "max_body_size" in server:
        server["max_body_size"] = int(quantity_value(server["max_body_size"]))
    config = model.predictor.config if isinstance(model.predictor, PythonPredictor) else {}
    values = {"AXON_LIMITS": server, "AXON_CONFIG": config}
    told = {key: json.dumps(value, sort_keys=True) for key, value in values.items() if value}
    return [
        k8s.core.v1.EnvVarArgs(name=key, value=value)
        for key, value in {"AXON_MODEL_NAME": name, **source_environment(model), **told}.items()
    ]


def _resources(compute: Compute) -> k8s.core.v1.ResourceRequirementsArgs:
    # Kubernetes counts devices by limits, and allows no other request.
    devices = {"nvidia.com/gpu": compute.gpu, "aws.amazon.com/neuron": compute.neuron}
    asked = {key: str(count) for key, count in devices.items() if count}
    return k8s.core.v1.ResourceRequirementsArgs(
        requests={"cpu": compute.cpu, "memory": compute.mem, **asked},
        limits={"memory": compute.mem, **asked},
    )


def _ours(model: Model) -> bool:
    return not isinstance(model.predictor, ImagePredictor)


def _probe(model: Model, *, period: int, failures: int) -> k8s.core.v1.ProbeArgs:
    predictor = model.predictor
    path = predictor.readiness_path if isinstance(predictor, ImagePredictor) else "/ready"
    return k8s.core.v1.ProbeArgs(
        http_get=k8s.core.v1.HTTPGetActionArgs(path=path, port="http"),
        period_seconds=period,
        failure_threshold=failures,
        timeout_seconds=2,
    )
