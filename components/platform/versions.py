"""Versions of all platform components.

Charts and images are upstream's; where nothing can be downloaded, `axon/toolchain/` builds the same
components from the same versions (a test compares them with `axon/toolchain/modules/*/go.mod` and `uv.lock`).
"""

from dataclasses import dataclass

from stacks.settings.aws.versions import KubernetesVersion


@dataclass(frozen=True)
class ChartSource:
    """Upstream Helm chart: its repository (none for OCI), its name in the repository, its version."""

    name: str
    version: str
    repository: str | None = None
    registry: str | None = None
    definitions: str = ""
    """Folder of the chart's CustomResourceDefinitions, if they are installed separately."""

    definition_files: tuple[str, ...] = ()

    def at(self, mirror: str | None) -> str:
        """Return Helm's reference of the chart: a folder of the mirror, or upstream's name."""
        if mirror:
            return f"./{mirror}/{self.name}"
        return f"{self.registry}/{self.name}" if self.registry else self.name


# https://gateway.envoyproxy.io/news/releases/v1.9/ : Gateway API 1.6, Envoy 1.39 by default
ENVOY_GATEWAY = "v1.9.1"
ENVOY = "v1.39.1"
METRICS_SERVER = "v0.9.0"
KEDA = "2.20.2"
PROMETHEUS = "v3.16.0"
LOAD_BALANCER_CONTROLLER = "v3.5.0"
FLUENT_BIT = "3.2.1"
# Minor version of the cluster:
# https://github.com/kubernetes/autoscaler/tree/master/cluster-autoscaler#releases
CLUSTER_AUTOSCALER: dict[KubernetesVersion, str] = {"1.35": "v1.35.1", "1.36": "v1.36.1"}

GATEWAY_CRDS_CHART = ChartSource("gateway-crds-helm", ENVOY_GATEWAY, registry="oci://docker.io/envoyproxy")
GATEWAY_CHART = ChartSource("gateway-helm", ENVOY_GATEWAY, registry="oci://docker.io/envoyproxy")
METRICS_SERVER_CHART = ChartSource(
    "metrics-server", "3.13.1", repository="https://kubernetes-sigs.github.io/metrics-server/"
)
KEDA_CHART = ChartSource("keda", KEDA, repository="https://kedacore.github.io/charts")
# Versions of the chart and of its app: https://github.com/aws/eks-charts
_EKS_CHARTS = "https://aws.github.io/eks-charts"
LOAD_BALANCER_CONTROLLER_CHART = ChartSource(
    "aws-load-balancer-controller",
    LOAD_BALANCER_CONTROLLER.removeprefix("v"),
    repository=_EKS_CHARTS,
    definitions="https://raw.githubusercontent.com/kubernetes-sigs/aws-load-balancer-controller/"
    f"{LOAD_BALANCER_CONTROLLER}/helm/aws-load-balancer-controller/crds",
    definition_files=("crds.yaml", "gateway-crds.yaml"),
)
FLUENT_BIT_CHART = ChartSource("aws-for-fluent-bit", "0.2.0", repository=_EKS_CHARTS)
CLUSTER_AUTOSCALER_CHART = ChartSource(
    "cluster-autoscaler", "9.59.0", repository="https://kubernetes.github.io/autoscaler"
)
EXTERNAL_DNS_CHART = ChartSource(
    "external-dns", "1.21.1", repository="https://kubernetes-sigs.github.io/external-dns/"
)
NVIDIA_CHART = ChartSource(
    "nvidia-device-plugin", "0.19.3", repository="https://nvidia.github.io/k8s-device-plugin"
)
NEURON_CHART = ChartSource("neuron-helm-chart", "1.10.0", registry="oci://public.ecr.aws/neuron")

ENVOY_GATEWAY_IMAGE = f"docker.io/envoyproxy/gateway:{ENVOY_GATEWAY}"
# Envoy Gateway's release pins this digest for this tag.
ENVOY_IMAGE = (
    f"docker.io/envoyproxy/envoy:distroless-{ENVOY}"
    "@sha256:eb2c01c13125d1629637cb4e4cce7207009fb7cc2c8027f9742758549d15b6f4"
)
METRICS_SERVER_IMAGE = f"registry.k8s.io/metrics-server/metrics-server:{METRICS_SERVER}"
KEDA_IMAGE = f"ghcr.io/kedacore/keda:{KEDA}"
KEDA_METRICS_IMAGE = f"ghcr.io/kedacore/keda-metrics-apiserver:{KEDA}"
PROMETHEUS_IMAGE = f"docker.io/prom/prometheus:{PROMETHEUS}"
LOAD_BALANCER_CONTROLLER_IMAGE = f"public.ecr.aws/eks/aws-load-balancer-controller:{LOAD_BALANCER_CONTROLLER}"
FLUENT_BIT_IMAGE = f"public.ecr.aws/aws-observability/aws-for-fluent-bit:{FLUENT_BIT}"
CLUSTER_AUTOSCALER_IMAGE = "registry.k8s.io/autoscaling/cluster-autoscaler"
EXTERNAL_DNS_IMAGE = "registry.k8s.io/external-dns/external-dns:v0.21.0"
NVIDIA_IMAGE = "nvcr.io/nvidia/k8s-device-plugin:v0.19.3"
# Without a tag: the chart sets its own.
NEURON_REPOSITORY = "public.ecr.aws/neuron/neuron-device-plugin"

# Images that nodes pull, except Cluster Autoscaler's, whose version depends on the cluster.
IMAGES = (
    ENVOY_GATEWAY_IMAGE,
    ENVOY_IMAGE,
    METRICS_SERVER_IMAGE,
    KEDA_IMAGE,
    KEDA_METRICS_IMAGE,
    PROMETHEUS_IMAGE,
    LOAD_BALANCER_CONTROLLER_IMAGE,
    FLUENT_BIT_IMAGE,
    EXTERNAL_DNS_IMAGE,
    NVIDIA_IMAGE,
)
