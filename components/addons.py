"""EKS add-ons: those that nodes need to become ready, and those that run on the nodes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.iam import PodRole, aws_managed
from stacks.settings.aws.eks import EksCluster
from stacks.settings.aws.versions import AddonName

SYSTEM = "kube-system"
# https://docs.aws.amazon.com/eks/latest/userguide/network-policies.html and
# https://docs.aws.amazon.com/eks/latest/userguide/cni-increase-ip-addresses.html
_VPC_CNI = {
    "enableNetworkPolicy": "true",
    "env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"},
}


class _Addons(pulumi.ComponentResource):
    def __init__(
        self,
        token: str,
        name: str,
        settings: EksCluster,
        cluster_name: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        super().__init__(token, name, None, opts)
        self._settings, self._cluster_name = settings, cluster_name

    def _addon(
        self,
        name: AddonName,
        *,
        values: Mapping[str, Any] | None = None,
        account: str | None = None,
        policy: str | None = None,
        after: Sequence[pulumi.Resource] = (),
    ) -> aws.eks.Addon:
        """Install an add-on; the service account `account` of its pods gets the AWS-managed `policy`."""
        pod_role = self._role(name, account, policy) if account and policy else None
        associations = (
            [aws.eks.AddonPodIdentityAssociationArgs(role_arn=pod_role.arn, service_account=account)]
            if pod_role and account
            else None
        )
        return aws.eks.Addon(
            name,
            cluster_name=self._cluster_name,
            addon_name=name,
            addon_version=self._settings.addon_version(name),
            configuration_values=json.dumps(values, sort_keys=True) if values else None,
            pod_identity_associations=associations,
            # The program owns the add-on's settings and overwrites existing values.
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[*after, *(pod_role.policies if pod_role else ())]
            ),
        )

    def _role(self, name: str, account: str, policy: str) -> PodRole:
        return PodRole(
            name,
            self._settings.name,
            namespace=SYSTEM,
            service_account=account,
            boundary=self._settings.permissions_boundary,
            policy_arns={policy: aws_managed(policy)},
            opts=pulumi.ResourceOptions(parent=self),
        )


class NodeAddons(_Addons):
    """Add-ons that must exist before the first node, which would never become ready without a network."""

    def __init__(
        self,
        name: str,
        settings: EksCluster,
        cluster_name: pulumi.Input[str],
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:cluster:NodeAddons", name, settings, cluster_name, opts)
        agent = self._addon("eks-pod-identity-agent")
        self.all = [
            agent,
            self._addon("kube-proxy"),
            self._addon(
                "vpc-cni",
                values=_VPC_CNI,
                account="aws-node",
                policy="AmazonEKS_CNI_Policy",
                after=[agent],
            ),
        ]
        self.register_outputs({})


class ClusterAddons(_Addons):
    """Add-ons that run on the nodes: DNS, disks, and the monitor that node repair depends on."""

    def __init__(
        self,
        name: str,
        settings: EksCluster,
        cluster_name: pulumi.Input[str],
        *,
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:cluster:ClusterAddons", name, settings, cluster_name, opts)
        system = {"nodeSelector": {"axon.dev/role": "system"}}
        self.all = [
            self._addon("coredns", values={"replicaCount": 2, **system}, after=after),
            self._addon(
                "aws-ebs-csi-driver",
                values={"controller": system},
                account="ebs-csi-controller-sa",
                policy="AmazonEBSCSIDriverPolicyV2",
                after=after,
            ),
            # https://docs.aws.amazon.com/eks/latest/userguide/node-health.html
            self._addon("eks-node-monitoring-agent", after=after),
        ]
        self.register_outputs({})
