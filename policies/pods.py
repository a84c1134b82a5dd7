"""Checks of pods, in any Kubernetes resource.

They list what is allowed: https://kubernetes.io/docs/concepts/security/pod-security-standards/ (restricted).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.check import Context, Resource

_GROUPS = ("initContainers", "containers", "ephemeralContainers")
_SHARED = {"hostNetwork": "network", "hostPID": "processes", "hostIPC": "memory"}
_VOLUMES = (
    *("configMap", "secret", "emptyDir", "downwardAPI", "projected", "persistentVolumeClaim"),
    *("ephemeral", "image", "csi"),
)
_PROJECTED = (
    "configMap",
    "secret",
    "downwardAPI",
    "serviceAccountToken",
    "clusterTrustBundle",
    "podCertificate",
)
_DRIVERS = ("secrets-store.csi.k8s.io", "csi.cert-manager.io", "csi.spiffe.io")
_PERSISTENT = ("PersistentVolume", "PersistentVolumeList")
_DISKS = (
    *("ebs.csi.aws.com", "efs.csi.aws.com", "fsx.csi.aws.com", "s3.csi.aws.com", "nfs.csi.k8s.io"),
    *("pd.csi.storage.gke.io", "filestore.csi.storage.gke.io", "disk.csi.azure.com", "file.csi.azure.com"),
    *("rbd.csi.ceph.com", "cephfs.csi.ceph.com"),
)
_PROFILES = (None, "RuntimeDefault", "Localhost")
_SELINUX_TYPES = (None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_SYSCTLS = (
    *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies"),
    *("net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports"),
    *("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl"),
    *("net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"),
)
_ANNOTATIONS = ("container.apparmor.security.beta.kubernetes.io/", "seccomp.security.alpha.kubernetes.io/")


@dataclass(frozen=True)
class Pod:
    """A pod's specification and its annotations."""

    spec: Mapping[str, Any]
    annotations: Mapping[str, Any]

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        """All containers, including init and ephemeral ones."""
        found = [container for group in _GROUPS for container in self.spec.get(group) or []]
        return [container for container in found if isinstance(container, Mapping)]

    @property
    def volumes(self) -> list[Mapping[str, Any]]:
        """All volumes."""
        return [volume for volume in self.spec.get("volumes") or [] if isinstance(volume, Mapping)]


def pods(resource: Resource) -> list[Pod]:
    """Return the pods in a resource: a Deployment, a list, or a custom resource of an operator."""
    return [] if resource.op == "delete" else list(_pods_in(resource.inputs, {}))


def _pods_in(value: Any, annotations: Mapping[str, Any]) -> Iterator[Pod]:
    if isinstance(value, Mapping):
        if any(isinstance(value.get(group), list) for group in _GROUPS):
            yield Pod(value, annotations)
        metadata = value.get("metadata") if isinstance(value.get("metadata"), Mapping) else None
        for child in value.values():
            yield from _pods_in(child, (metadata or {}).get("annotations") or {})
    elif isinstance(value, list):
        for child in value:
            yield from _pods_in(child, annotations)


def privileged(resource: Resource, _: Context) -> Iterator[str]:
    """Reject pods that run as root, or can gain root permissions on the node."""
    if resource.of_platform:
        return
    yield from _node_folders(resource)
    for pod in pods(resource):
        yield from (f"uses the node's {what}" for key, what in _SHARED.items() if pod.spec.get(key))
        yield from _of_pod(pod)
        for volume in pod.volumes:
            yield from _volume(volume)
        for container in pod.containers:
            context = {**(pod.spec.get("securityContext") or {}), **(container.get("securityContext") or {})}
            found = [*_rights(context), *_profiles(context), *_reach(container)]
            yield from (f"container {container.get('name')} {what}" for what in found)


def _of_pod(pod: Pod) -> Iterator[str]:
    for sysctl in (pod.spec.get("securityContext") or {}).get("sysctls") or []:
        if sysctl.get("name") not in _SYSCTLS:
            yield f"sets the kernel parameter {sysctl.get('name')}"
    for key, value in pod.annotations.items():
        if key.startswith(_ANNOTATIONS) and not str(value).startswith(("runtime/default", "localhost/")):
            yield f"turns off a security profile ({key})"


def _volume(volume: Mapping[str, Any]) -> Iterator[str]:
    kinds = [key for key, value in volume.items() if key != "name" and value is not None]
    if "hostPath" in volume:
        yield "mounts a folder of its node"
    yield from (f"mounts a volume of type {kind}" for kind in kinds if kind not in (*_VOLUMES, "hostPath"))
    sources = [kind for source in (volume.get("projected") or {}).get("sources") or [] for kind in source]
    yield from (f"mounts a projected {kind}" for kind in sources if kind not in _PROJECTED)
    driver = (volume.get("csi") or {}).get("driver")
    if "csi" in kinds and driver not in _DRIVERS:
        yield f"mounts a volume of the CSI driver {driver}"
    claim = ((volume.get("ephemeral") or {}).get("volumeClaimTemplate") or {}).get("spec") or {}
    if claim.get("volumeName") or claim.get("selector"):
        yield "mounts an existing volume by name or label"


def _rights(context: Mapping[str, Any]) -> Iterator[str]:
    if context.get("privileged") not in (None, False):
        yield "is privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "may escalate privileges (allowPrivilegeEscalation must be false)"
    capabilities = context.get("capabilities") or {}
    if capabilities.get("add"):
        yield "adds capabilities"
    if not any(str(one).upper() in ("ALL", "CAP_ALL") for one in capabilities.get("drop") or []):
        yield "keeps capabilities (drop: [ALL] is required)"
    if _is_root(context.get("runAsUser")) or context.get("runAsNonRoot") is not True:
        yield "may run as root (runAsNonRoot must be true)"
    groups = [context.get("runAsGroup"), context.get("fsGroup"), *(context.get("supplementalGroups") or [])]
    if any(_is_root(group) for group in groups):
        yield "has the root group"


def _is_root(identity: object) -> bool:
    return str(identity).strip() in ("0", "0.0")


def _profiles(context: Mapping[str, Any]) -> Iterator[str]:
    for key in ("seccompProfile", "appArmorProfile"):
        if (context.get(key) or {}).get("type") not in _PROFILES:
            yield f"has no {key}"
    if context.get("procMount") not in (None, "Default"):
        yield "has an unmasked /proc (procMount)"
    linux = context.get("seLinuxOptions") or {}
    if linux.get("type") not in _SELINUX_TYPES or linux.get("user") or linux.get("role"):
        yield "sets its SELinux type, user or role"
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield "runs as a host process (hostProcess)"


def _reach(container: Mapping[str, Any]) -> Iterator[str]:
    if any(port.get("hostPort") for port in container.get("ports") or []):
        yield "uses a port of the node (hostPort)"
    if container.get("volumeDevices"):
        yield "uses a raw block device (volumeDevices)"
    # The kubelet sends probes from the node's network.
    probes = [container.get(key) or {} for key in ("livenessProbe", "readinessProbe", "startupProbe")]
    probes += [step or {} for step in (container.get("lifecycle") or {}).values()]
    if any((probe.get(kind) or {}).get("host") for probe in probes for kind in ("httpGet", "tcpSocket")):
        yield "has a probe that requests another host from the node"


def _node_folders(resource: Resource) -> Iterator[str]:
    """Reject a PersistentVolume that may be a folder of the node: claims can mount it."""
    if resource.op == "delete" or resource.type.rsplit(":", 1)[-1] not in _PERSISTENT:
        return
    volumes = resource.inputs.get("items") if resource.type.endswith("List") else [resource.inputs]
    for volume in volumes or []:
        spec = volume.get("spec") or {}
        if "hostPath" in spec or "local" in spec:
            yield "is a folder of a node"
        elif (spec.get("csi") or {}).get("driver") not in _DISKS and "nfs" not in spec:
            yield "has a CSI driver that is not known to be limited to its own disks"
