"""The containers beside the predictor."""

import pulumi_kubernetes as k8s

from components.environment import environment
from components.probes import lifecycle, sidecar_probes
from stacks.settings.image_predictor import Sidecar
from stacks.settings.model import Model

SHARED = "/mnt"
_SHARED_VOLUME = "shared"


def sidecars(model: Model) -> list[k8s.core.v1.ContainerArgs]:
    """Return them as Kubernetes' own sidecars, which start before the predictor and end after it.

    So the predictor's last requests find them still there:
    https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
    """
    return [_container(sidecar) for sidecar in model.sidecars]


def locked_down() -> k8s.core.v1.SecurityContextArgs:
    """Return what restricted Pod Security asks of a container, and a root that nobody writes."""
    return k8s.core.v1.SecurityContextArgs(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        capabilities=k8s.core.v1.CapabilitiesArgs(drop=["ALL"]),
    )


def sidecar_volumes(model: Model) -> list[k8s.core.v1.VolumeArgs]:
    """Return a `/tmp` for each, and the folder that all of a pod share."""
    names = [_scratch(sidecar) for sidecar in model.sidecars]
    return [
        k8s.core.v1.VolumeArgs(name=name, empty_dir=k8s.core.v1.EmptyDirVolumeSourceArgs())
        for name in ([_SHARED_VOLUME, *names] if names else [])
    ]


def shared_mounts(model: Model) -> list[k8s.core.v1.VolumeMountArgs]:
    """Return where a pod with sidecars has its shared folder."""
    mount = k8s.core.v1.VolumeMountArgs(name=_SHARED_VOLUME, mount_path=SHARED)
    return [mount] if model.sidecars else []


def _container(sidecar: Sidecar) -> k8s.core.v1.ContainerArgs:
    compute, probes = sidecar.compute, sidecar_probes(sidecar)
    # A container's ports have names of at most 15 characters, and it needs none.
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
