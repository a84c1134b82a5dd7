"""Cluster Autoscaler: nodes that follow the pods."""

from collections import defaultdict

import pulumi
import yaml

from components.addons import SYSTEM
from components.iam import PodRole, Statement, allow
from components.kubernetes_cluster import OnAws, Placement
from components.platform import versions
from components.platform.chart import chart
from stacks.settings import images, platform
from stacks.settings.aws.eks import EksCluster

_ACCOUNT = "cluster-autoscaler"


class ClusterAutoscaler(pulumi.ComponentResource):
    """Upstream's chart: the group of the highest priority that has room grows, and idle nodes go."""

    def __init__(
        self,
        name: str,
        on_aws: OnAws,
        settings: platform.Platform,
        registry: images.Images,
        placement: Placement,
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:platform:ClusterAutoscaler", name, None, opts)
        cluster = on_aws.settings
        pod_role = PodRole(
            name,
            cluster.name,
            namespace=SYSTEM,
            service_account=_ACCOUNT,
            boundary=cluster.permissions_boundary,
            statements=permissions(cluster.name),
            association=on_aws.cluster_name,
            opts=pulumi.ResourceOptions(parent=self),
        )
        image = f"{versions.CLUSTER_AUTOSCALER_IMAGE}:{versions.CLUSTER_AUTOSCALER[cluster.version]}"
        chart(
            versions.CLUSTER_AUTOSCALER_CHART,
            mirror=settings.charts,
            namespace=SYSTEM,
            values={
                "cloudProvider": "aws",
                "awsRegion": cluster.region,
                "autoDiscovery": {"clusterName": cluster.name},
                "image": {**registry.chart_image(image), "pullSecrets": registry.pull_secrets},
                "fullnameOverride": _ACCOUNT,
                "rbac": {"serviceAccount": {"name": _ACCOUNT}},
                "replicaCount": 2,
                "extraArgs": _ARGUMENTS,
                # As text: Helm would make strings of the numbers.
                "expanderPriorities": yaml.safe_dump(priorities(cluster), sort_keys=False),
                "priorityClassName": "system-cluster-critical",
                "resources": {"requests": {"cpu": "50m", "memory": "300Mi"}, "limits": {"memory": "600Mi"}},
                "containerSecurityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": 65534,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                **placement.values,
            },
            # Without its role it could not start.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[pod_role]),
        )
        self.register_outputs({})


# https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md#what-are-the-parameters-to-ca
_ARGUMENTS = {
    "expander": "priority,least-waste",
    # Model replicas have an emptyDir, and add-ons run anywhere: neither keeps a node that is not needed.
    "skip-nodes-with-local-storage": False,
    "skip-nodes-with-system-pods": False,
    # Cortex's: after it a group without capacity is passed over, and the next priority grows.
    "max-node-provision-time": "8m",
    "scan-interval": "20s",
    "v": 2,
}


def priorities(cluster: EksCluster) -> dict[int, list[str]]:
    """Return which groups grow first, as patterns of their Auto Scaling groups' names.

    EKS calls these `eks-<node group>-<uuid>`, and the provider calls node groups by their prefix, 18 digits
    of the clock and 8 hexadecimal digits of a counter (`PrefixedUniqueId` in hashicorp/terraform-plugin-sdk).
    Exact, since `eks-cpu-.*` would be `cpu-spot`'s as well.
    """
    found: defaultdict[int, list[str]] = defaultdict(list)
    for name, group in cluster.node_groups.items():
        found[group.priority].append(rf"^eks-{name}-\d{{18}}[0-9a-f]{{8}}-.*")
    return dict(sorted(found.items(), reverse=True))


def permissions(cluster: str) -> list[Statement]:
    """Return what it may do: see everything it reads, and resize the cluster's own groups alone.

    Source: the full policy with auto-discovery in upstream's cloudprovider/aws/README.md.
    """
    read = [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "autoscaling:DescribeTags",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetInstanceTypesFromInstanceRequirements",
        "eks:DescribeNodegroup",
    ]
    resize = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
    # EKS tags the groups of managed nodes so.
    owned = {"StringEquals": {f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster}": "owned"}}
    return [allow(read, ["*"]), allow(resize, ["*"], owned)]
