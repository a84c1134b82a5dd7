"""The Kubernetes provider in a preview: objects are what their inputs say.

Which changes force a replacement is its own table, transcribed from `forceNew` in
https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/diff.go
"""

from dataclasses import dataclass
from typing import Any

from tests.doubles.shapes import digest
from tests.doubles.wire import UNKNOWN, Properties, name_of, token_of
from tests.unit.gitops.engine.differences import Differences, differences, is_below

_IDENTITY = ("metadata.name", "metadata.namespace")
_OF_A_RELEASE = ("name", "namespace")
_FORCE_NEW = {
    "apps/v1:DaemonSet": ("spec.selector",),
    "apps/v1:Deployment": ("spec.selector",),
    "apps/v1:StatefulSet": (
        *("spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName"),
        "spec.volumeClaimTemplates",
    ),
    "batch/v1:Job": ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    "core/v1:PersistentVolumeClaim": (
        *("spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"),
    ),
    "core/v1:ResourceQuota": ("spec.scopes",),
    "core/v1:Secret": ("type", "stringData", "data"),
    "core/v1:Service": ("spec.clusterIP",),
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding": ("roleRef",),
    "rbac.authorization.k8s.io/v1:RoleBinding": ("roleRef",),
    "storage.k8s.io/v1:StorageClass": ("parameters", "provisioner"),
}
_CONFIG_MAP = ("binaryData", "data")


@dataclass(frozen=True)
class Kubernetes:
    """A provider that the program has configured."""

    mutable_config_maps: bool

    @classmethod
    def configured(cls, inputs: Properties) -> "Kubernetes":
        """Return the provider of these inputs."""
        return cls(str(inputs.get("enableConfigMapMutable")).lower() == "true")

    def check(self, urn: str, inputs: Properties) -> Properties:
        """Return the inputs, with a name where the program gives none."""
        if "metadata" not in inputs or inputs["metadata"].get("name"):
            return inputs
        made_up = f"{name_of(urn)}-{digest(urn, 8)}"
        return {**inputs, "metadata": {**inputs["metadata"], "name": made_up}}

    def diff(self, urn: str, old: Properties, new: Properties) -> Differences:
        """Return the differences, and which of them force a replacement."""
        forced = self._forced(token_of(urn))
        return differences(old, new, lambda path, how, value: is_below(path, forced))

    def _forced(self, token: str) -> tuple[str, ...]:
        kind = token.removeprefix("kubernetes:")
        if kind == "helm.sh/v3:Release":
            return _OF_A_RELEASE
        if kind == "core/v1:ConfigMap" and not self.mutable_config_maps:
            return (*_IDENTITY, *_CONFIG_MAP)
        return (*_IDENTITY, *_FORCE_NEW.get(kind, ()))

    def create(self, urn: str, inputs: Properties) -> tuple[str, Properties]:
        """Return the id and the outputs of a new object."""
        metadata = inputs.get("metadata") or {}
        id_ = "/".join(filter(None, [metadata.get("namespace"), metadata.get("name") or name_of(urn)]))
        return id_, inputs

    def preview_create(self, urn: str, inputs: Properties) -> Properties:
        """Return the outputs of an object that would be created."""
        return inputs

    def preview_update(
        self, urn: str, old: Properties, old_inputs: Properties, new: Properties
    ) -> Properties:
        """Return the outputs of an object that would be updated."""
        return new


def moves(old: Properties, new: Properties) -> bool:
    """Whether a provider leads to another cluster, so that all its objects are replaced (its DiffConfig)."""
    keys = ("kubeconfig", "context", "cluster")
    return any(new.get(key) == UNKNOWN or new.get(key) != old.get(key) for key in keys)


def service(clusterip: str = "10.96.0.99", host: str = "nlb") -> dict[str, Any]:
    """Return what a cluster adds to the Service of the gateway."""
    return {
        "spec": {"clusterIP": clusterip},
        "status": {"loadBalancer": {"ingress": [{"hostname": host}]}},
    }
