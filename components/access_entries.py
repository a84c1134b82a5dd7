"""Access to the Kubernetes API of an EKS cluster: one entry per IAM role or user."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from stacks.settings.aws.eks import Access

# https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKS{name}Policy"
_POLICIES = {
    "cluster-admin": "ClusterAdmin",
    "admin": "Admin",
    "admin-view": "AdminView",
    "edit": "Edit",
    "view": "View",
}


class AccessEntries(pulumi.ComponentResource):
    """Access entries of a cluster. No other identity has access, not even the creator of the cluster."""

    all: list[pulumi.Resource]
    """Resources that must exist before an entry grants access."""

    def __init__(
        self,
        name: str,
        access: Mapping[str, Access],
        cluster_name: pulumi.Input[str],
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:cluster:AccessEntries", name, None, opts)
        self.all = []
        for key, one in access.items():
            entry = aws.eks.AccessEntry(
                key,
                cluster_name=cluster_name,
                principal_arn=one.principal_arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
            policy = aws.eks.AccessPolicyAssociation(
                key,
                cluster_name=cluster_name,
                principal_arn=one.principal_arn,
                policy_arn=_POLICY.format(name=_POLICIES[one.policy]),
                access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(
                    type="namespace" if one.namespaces else "cluster", namespaces=one.namespaces or None
                ),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[entry]),
            )
            self.all += [entry, policy]
        self.register_outputs({})
