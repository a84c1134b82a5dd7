"""Prometheus: metrics for autoscaling on requests. A small server with a retention of hours."""

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s
import yaml

from components.kubernetes_cluster import Placement
from components.platform import versions
from components.platform.gateway import NAMESPACE as GATEWAY_NAMESPACE
from components.platform.ingress_policies import from_namespace, ingress_policy
from components.platform.keda import NAMESPACE as KEDA_NAMESPACE
from components.pull_secrets import references
from stacks.settings import images, platform

NAMESPACE = "monitoring"
NAME = "prometheus"
PORT = 9090
# Label of pods whose port `management` Prometheus scrapes.
SCRAPED = {"axon.dev/metrics": "true"}
# Label of pods from other images: their annotations state port and path.
SCRAPED_AS_SAID = {"axon.dev/metrics": "image"}
PATH, PORT_ASKED = "axon.dev/metrics-path", "axon.dev/metrics-port"
SCRAPE_SECONDS = 5

_LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/managed-by": "axon"}
_USER = 65534  # `nobody`, the user of the official image
_POD = "__meta_kubernetes_pod"


class Prometheus(pulumi.ComponentResource):
    """One server, which scrapes the requests in flight from every replica and every gateway proxy."""

    def __init__(
        self,
        name: str,
        settings: platform.Platform,
        registry: images.Images,
        placement: Placement,
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:platform:Prometheus", name, None, opts)
        self._settings, self._placement = settings.prometheus, placement
        # The namespace of a KEDA that the platform did not install is unknown.
        self._asked_from = KEDA_NAMESPACE if settings.keda else None
        self._image = registry.mirrored(versions.PROMETHEUS_IMAGE)
        self._pull_secrets = references(registry.pull_secrets)
        self._child = pulumi.ResourceOptions(parent=self)
        self._namespace = self._made_namespace().metadata.name.apply(str)
        self._deployment(self._reader(), self._configuration())
        self._service()
        ingress_policy(NAME, self._namespace, [from_namespace(self._asked_from, PORT)], opts=self._child)
        self.register_outputs({})

    def _metadata(self) -> k8s.meta.v1.ObjectMetaArgs:
        return k8s.meta.v1.ObjectMetaArgs(name=NAME, namespace=self._namespace, labels=_LABELS)

    def _made_namespace(self) -> k8s.core.v1.Namespace:
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        metadata = k8s.meta.v1.ObjectMetaArgs(name=NAMESPACE, labels=labels)
        return k8s.core.v1.Namespace(NAMESPACE, metadata=metadata, opts=self._child)

    def _reader(self) -> k8s.core.v1.ServiceAccount:
        """Create a service account with permission to discover pods, and nothing else."""
        account = k8s.core.v1.ServiceAccount(NAME, metadata=self._metadata(), opts=self._child)
        cluster_wide = k8s.meta.v1.ObjectMetaArgs(name=f"axon-{NAME}", labels=_LABELS)
        rule = k8s.rbac.v1.PolicyRuleArgs(api_groups=[""], resources=["pods"], verbs=["get", "list", "watch"])
        role = k8s.rbac.v1.ClusterRole(NAME, metadata=cluster_wide, rules=[rule], opts=self._child)
        subject = k8s.rbac.v1.SubjectArgs(kind="ServiceAccount", name=NAME, namespace=self._namespace)
        k8s.rbac.v1.ClusterRoleBinding(
            NAME,
            metadata=cluster_wide,
            role_ref=k8s.rbac.v1.RoleRefArgs(
                api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=role.metadata.name.apply(str)
            ),
            subjects=[subject],
            opts=self._child,
        )
        return account

    def _configuration(self) -> k8s.core.v1.ConfigMap:
        # The name is generated: a changed configuration is a new ConfigMap, and so a rollout.
        metadata = k8s.meta.v1.ObjectMetaArgs(namespace=self._namespace, labels=_LABELS)
        data = {"prometheus.yml": yaml.safe_dump(_CONFIGURATION, sort_keys=False)}
        opts = pulumi.ResourceOptions(parent=self, replace_on_changes=["data"])
        return k8s.core.v1.ConfigMap(NAME, metadata=metadata, data=data, opts=opts)

    def _deployment(self, account: k8s.core.v1.ServiceAccount, config: k8s.core.v1.ConfigMap) -> None:
        volumes = [
            k8s.core.v1.VolumeArgs(
                name="config", config_map=k8s.core.v1.ConfigMapVolumeSourceArgs(name=config.metadata.name)
            ),
            k8s.core.v1.VolumeArgs(name="data", empty_dir=k8s.core.v1.EmptyDirVolumeSourceArgs()),
        ]
        spec = k8s.core.v1.PodSpecArgs(
            service_account_name=account.metadata.name.apply(str),
            enable_service_links=False,
            image_pull_secrets=self._pull_secrets,
            security_context=k8s.core.v1.PodSecurityContextArgs(
                run_as_non_root=True,
                run_as_user=_USER,
                run_as_group=_USER,
                fs_group=_USER,
                seccomp_profile=k8s.core.v1.SeccompProfileArgs(type="RuntimeDefault"),
            ),
            containers=[self._container()],
            volumes=volumes,
            node_selector=dict(self._placement.node_selector) or None,
            tolerations=self._placement.pod_tolerations,
        )
        k8s.apps.v1.Deployment(
            NAME,
            metadata=self._metadata(),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels={"app.kubernetes.io/name": NAME}),
                template=k8s.core.v1.PodTemplateSpecArgs(
                    metadata=k8s.meta.v1.ObjectMetaArgs(labels=_LABELS), spec=spec
                ),
            ),
            opts=self._child,
        )

    def _container(self) -> k8s.core.v1.ContainerArgs:
        settings = self._settings
        return k8s.core.v1.ContainerArgs(
            name=NAME,
            image=self._image,
            args=[
                "--config.file=/etc/prometheus/prometheus.yml",
                "--storage.tsdb.path=/prometheus",
                f"--storage.tsdb.retention.time={settings.retention}",
            ],
            ports=[k8s.core.v1.ContainerPortArgs(name="http", container_port=PORT)],
            resources=k8s.core.v1.ResourceRequirementsArgs(
                requests={"cpu": settings.cpu, "memory": settings.mem}, limits={"memory": settings.mem}
            ),
            liveness_probe=k8s.core.v1.ProbeArgs(
                http_get=k8s.core.v1.HTTPGetActionArgs(path="/-/healthy", port="http"), period_seconds=10
            ),
            readiness_probe=k8s.core.v1.ProbeArgs(
                http_get=k8s.core.v1.HTTPGetActionArgs(path="/-/ready", port="http"), period_seconds=2
            ),
            security_context=k8s.core.v1.SecurityContextArgs(
                allow_privilege_escalation=False,
                read_only_root_filesystem=True,
                capabilities=k8s.core.v1.CapabilitiesArgs(drop=["ALL"]),
            ),
            volume_mounts=[
                k8s.core.v1.VolumeMountArgs(name="config", mount_path="/etc/prometheus"),
                k8s.core.v1.VolumeMountArgs(name="data", mount_path="/prometheus"),
            ],
        )

    def _service(self) -> None:
        spec = k8s.core.v1.ServiceSpecArgs(
            selector={"app.kubernetes.io/name": NAME},
            ports=[k8s.core.v1.ServicePortArgs(name="http", port=PORT, target_port="http")],
        )
        k8s.core.v1.Service(NAME, metadata=self._metadata(), spec=spec, opts=self._child)


def _keep(source: str, regex: str) -> dict[str, object]:
    return {"action": "keep", "source_labels": [f"{_POD}_{source}"], "regex": regex}


def _label(source: str, target: str) -> dict[str, object]:
    return {"source_labels": [f"{_POD}_{source}"], "target_label": target}


def _annotation(key: str) -> str:
    return "annotation_" + key.translate(str.maketrans("./-", "___"))


def _pods(labels: Mapping[str, str]) -> list[dict[str, object]]:
    selector = {"role": "pod", "label": ",".join(f"{key}={value}" for key, value in labels.items())}
    return [{"role": "pod", "selectors": [selector]}]


_TARGET_LABELS = [
    # Target labels: otherwise a series' own labels `namespace` and `pod` would replace the replica's.
    {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"},
    _label("label_app_kubernetes_io_name", "model_api"),
    _label("name", "pod"),
]
# https://prometheus.io/docs/prometheus/latest/configuration/configuration/#kubernetes_sd_config
_MODELS = {
    "job_name": "models",
    "kubernetes_sd_configs": _pods(SCRAPED),
    "relabel_configs": [_keep("container_port_name", "management"), *_TARGET_LABELS],
}
_IMAGES = {
    "job_name": "images",
    "kubernetes_sd_configs": _pods(SCRAPED_AS_SAID),
    # Metrics of a user's program must not fill the memory that autoscaling needs.
    "sample_limit": 5000,
    "body_size_limit": "8MB",
    "relabel_configs": [
        _keep("container_port_name", "http"),
        _label(_annotation(PATH), "__metrics_path__"),
        {
            "source_labels": ["__address__", f"{_POD}_{_annotation(PORT_ASKED)}"],
            "regex": r"(.+):\d+;(\d+)",
            "replacement": "$1:$2",
            "target_label": "__address__",
        },
        *_TARGET_LABELS,
    ],
    # Nor may that program export the series of axon's runtime or of the gateway, which scale models.
    "metric_relabel_configs": [
        {"action": "drop", "source_labels": ["__name__"], "regex": "(axon|envoy)_.*"},
    ],
}
_GATEWAY = {
    "job_name": "gateway",
    "metrics_path": "/stats/prometheus",
    "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": [GATEWAY_NAMESPACE]}}],
    "relabel_configs": [
        _keep("label_app_kubernetes_io_name", "envoy"),
        # https://gateway.envoyproxy.io/docs/tasks/observability/proxy-metric/
        _keep("container_port_number", "19001"),
        _label("name", "pod"),
    ],
    "metric_relabel_configs": [
        {
            "action": "keep",
            "source_labels": ["__name__"],
            "regex": "envoy_cluster_upstream_(rq_active|rq_total|rq_xx|cx_connect_fail)",
        }
    ],
}
_CONFIGURATION = {
    "global": {"scrape_interval": f"{SCRAPE_SECONDS}s", "scrape_timeout": "4s"},
    "scrape_configs": [_MODELS, _IMAGES, _GATEWAY],
}
