"""Sidecar containers of a predictor."""

import pulumi_kubernetes as k8s

from components.environment import environment
from components.probes import lifecycle, sidecar_probes
from stacks.settings.image_predictor import Sidecar
from stacks.settings.model import Model

SHARED = "/mnt"
_SHARED_VOLUME = "shared"


def sidecars(model: Model) -> list[k8s.core.v1.ContainerArgs]:
    """Return native Kubernetes sidecars, which start before the predictor and end after it.

    Sidecars therefore still run during the predictor's last requests:
    https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
    """
    return [_container(sidecar) for sidecar in model.sidecars]


def locked_down() -> k8s.core.v1.SecurityContextArgs:
    """Return the settings that restricted Pod Security requires, with a read-only root file system."""
    return k8s.core.v1.SecurityContextArgs(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        capabilities=k8s.core.v1.CapabilitiesArgs(drop=["ALL"]),
    )


def sidecar_volumes(model: Model) -> list[k8s.core.v1.VolumeArgs]:
    """Return a `/tmp` volume per sidecar, and the volume that all containers of a pod share."""
    names = [_scratch(sidecar) for sidecar in model.sidecars]
    return [
        k8s.core.v1.VolumeArgs(name=name, empty_dir=k8s.core.v1.EmptyDirVolumeSourceArgs())
        for name in ([_SHARED_VOLUME, *names] if names else [])
    ]


def shared_mounts(model: Model) -> list[k8s.core.v1.VolumeMountArgs]:
    """Return the mounts of the shared volume, if the pod has sidecars."""
    mount = k8s.core.v1.VolumeMountArgs(name=_SHARED_VOLUME, mount_path=SHARED)
    return [mount] if model.sidecars else []


def _container(sidecar: Sidecar) -> k8s.core.v1.ContainerArgs:
    compute, probes = sidecar.compute, sidecar_probes(sidecar)
    # Unnamed: names of ports have at most 15 characters, and no object refers to this port.
    ports = [k8s.core.v1.ContainerPortArgs(container_port=sidecar.port)] if sidecar.port else None
    return k8s.core.v1.ContainerArgs(
        name=sidecar.name,
        image=sidecar.image,
        command=sidecar.command or None,
        args=sidecar.args or None,
        restart_policy="Always",
        ports=ports,
        env=environment(sidecar) or None,
        resources=k8s.core.v1.ResourceRequirementsArgs(
            requests={"cpu": compute.cpu, "memory": compute.mem}, limits={"memory": compute.mem}
        ),
        security_context=locked_down(),
        startup_probe=probes.startup,
        readiness_probe=probes.readiness,
        liveness_probe=probes.liveness,
        lifecycle=lifecycle(sidecar),
        volume_mounts=[
            k8s.core.v1.VolumeMountArgs(name=_scratch(sidecar), mount_path="/tmp"),
            k8s.core.v1.VolumeMountArgs(name=_SHARED_VOLUME, mount_path=SHARED),
        ],
    )


def _scratch(sidecar: Sidecar) -> str:
    return f"tmp-{sidecar.name}"
