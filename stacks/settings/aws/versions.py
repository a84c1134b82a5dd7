"""Versions of Kubernetes on EKS, and the EKS add-ons that go with each.

They are pinned: without a version EKS would choose its newest, and a new release would appear as a difference
in a preview. The sets are those of ministryofjustice/modernisation-platform-environments#18205 (its upgrade
from 1.35 to 1.36, August 2026), except vpc-cni, for which AWS recommends one minor version per upgrade;
`aws eks describe-addon-versions` lists the versions that exist.
"""

from typing import Literal

KubernetesVersion = Literal["1.35", "1.36"]
AddonName = Literal[
    "vpc-cni",
    "kube-proxy",
    "coredns",
    "eks-pod-identity-agent",
    "aws-ebs-csi-driver",
    "eks-node-monitoring-agent",
]
# Those that axon uses: https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html (amiType)
AmiType = Literal[
    "AL2023_x86_64_STANDARD",
    "AL2023_ARM_64_STANDARD",
    "AL2023_x86_64_NVIDIA",
    "AL2023_ARM_64_NVIDIA",
    "AL2023_x86_64_NEURON",
    "BOTTLEROCKET_x86_64",
    "BOTTLEROCKET_ARM_64",
    "BOTTLEROCKET_x86_64_NVIDIA",
    "BOTTLEROCKET_ARM_64_NVIDIA",
]

ADDONS: dict[KubernetesVersion, dict[AddonName, str]] = {
    "1.35": {
        "vpc-cni": "v1.21.1-eksbuild.5",
        "kube-proxy": "v1.35.2-eksbuild.4",
        "coredns": "v1.13.2-eksbuild.4",
        "eks-pod-identity-agent": "v1.3.10-eksbuild.2",
        "aws-ebs-csi-driver": "v1.57.1-eksbuild.1",
        "eks-node-monitoring-agent": "v1.6.2-eksbuild.1",
    },
    "1.36": {
        "vpc-cni": "v1.22.4-eksbuild.3",
        "kube-proxy": "v1.36.0-eksbuild.14",
        "coredns": "v1.14.3-eksbuild.3",
        "eks-pod-identity-agent": "v1.4.0-eksbuild.1",
        "aws-ebs-csi-driver": "v1.63.1-eksbuild.1",
        "eks-node-monitoring-agent": "v1.7.0-eksbuild.1",
    },
}
