"""Cluster Autoscaler: adds and removes nodes to fit the pods."""

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
    """Upstream's chart: scales up the node group of the highest priority with capacity, and removes idle
    nodes.
    """

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
                # As text: Helm would convert the numeric keys to strings.
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
            # Without its role the autoscaler could not start.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[pod_role]),
        )
        self.register_outputs({})


# https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md#what-are-the-parameters-to-ca
_ARGUMENTS = {
    "expander": "priority,least-waste",
    # Model replicas have an emptyDir, and add-ons run anywhere: neither keeps an unneeded node.
    "skip-nodes-with-local-storage": False,
    "skip-nodes-with-system-pods": False,
    # Afterwards a group without capacity is skipped, and the next priority scales up.
    "max-node-provision-time": "8m",
    "scan-interval": "20s",
    "v": 2,
}


def priorities(cluster: EksCluster) -> dict[int, list[str]]:
    """Return the priorities of node groups, as patterns of their Auto Scaling groups' names.

    EKS names an Auto Scaling group `eks-<node group>-<uuid>`, and the provider names a node group by its
    prefix, 18 digits of the clock and 8 hexadecimal digits of a counter (`PrefixedUniqueId` in
    hashicorp/terraform-plugin-sdk). The patterns are exact, since `eks-cpu-.*` would match `cpu-spot` as
    well.
    """
    found: defaultdict[int, list[str]] = defaultdict(list)
    for name, group in cluster.node_groups.items():
        found[group.priority].append(rf"^eks-{name}-\d{{18}}[0-9a-f]{{8}}-.*")
    return dict(sorted(found.items(), reverse=True))


def permissions(cluster: str) -> list[Statement]:
    """Return the autoscaler's permissions: read access, and resizing of only the cluster's own groups.

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
    # EKS sets this tag on the groups of managed nodes.
    owned = {"StringEquals": {f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster}": "owned"}}
    return [allow(read, ["*"]), allow(resize, ["*"], owned)]
