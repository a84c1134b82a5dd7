"""Control plane of an EKS cluster: API server, encryption key, logs, access."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks

from components.eks_transform import of_component
from components.log_group import log_group_name, without_leftover
from components.network import Network
from stacks.settings.aws.eks import EksCluster


class ControlPlane(pulumi.ComponentResource):
    """`eks.Cluster` without its default extras: node group, security groups, add-ons, OIDC provider.

    Add-ons and node groups are resources of the program, so that their order is defined for creation and for
    deletion, and every version is pinned. Pods get roles by Pod Identity, which needs no OIDC provider.
    """

    cluster_name: pulumi.Output[str]
    """Name of the cluster, an output: dependents are created after the cluster and deleted before it."""

    security_group: pulumi.Output[str]
    """Security group of the control plane and of all managed nodes."""

    kubeconfig: pulumi.Output[str]
    """Kubeconfig with a login by `aws eks get-token`, without a credential."""

    def __init__(
        self,
        name: str,
        settings: EksCluster,
        network: Network,
        *,
        provider: aws.Provider,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:cluster:ControlPlane", name, None, opts)
        self._settings, self._child = settings, pulumi.ResourceOptions(parent=self)
        key = self._key()
        logs = [self._logs()] if settings.control_plane_logs else []
        cluster = self._cluster(network, key, logs, provider)
        self.cluster_name = cluster.eks_cluster.apply(_name)
        self.security_group = cluster.eks_cluster.apply(_security_group)
        self.kubeconfig = cluster.kubeconfig_json
        self.register_outputs({"cluster_name": self.cluster_name})

    def _key(self) -> aws.kms.Key:
        name = self._settings.name
        key = aws.kms.Key(
            "secrets",
            description=f"Secrets of the Kubernetes cluster {name}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            opts=self._child,
        )
        aws.kms.Alias("secrets", name=f"alias/{name}-secrets", target_key_id=key.id, opts=self._child)
        return key

    def _logs(self) -> aws.cloudwatch.LogGroup:
        # Created before the cluster, which would otherwise create this group without a retention.
        return aws.cloudwatch.LogGroup(
            "control-plane",
            name=log_group_name(self._settings),
            retention_in_days=self._settings.log_retention_days,
            opts=pulumi.ResourceOptions(parent=self, hooks=without_leftover(self._settings)),
        )

    def _cluster(
        self, network: Network, key: aws.kms.Key, logs: Sequence[pulumi.Resource], provider: aws.Provider
    ) -> eks.Cluster:
        settings, cidrs = self._settings, self._settings.endpoint.cidrs
        return eks.Cluster(
            settings.name,
            name=settings.name,
            version=settings.version,
            vpc_id=network.vpc_id,
            private_subnet_ids=network.of_control_plane,
            kubernetes_service_ip_address_range=settings.network.service_cidr,
            endpoint_private_access=True,
            endpoint_public_access=bool(cidrs),
            public_access_cidrs=cidrs or None,
            encryption_config_key_arn=key.arn,
            enabled_cluster_log_types=list(settings.control_plane_logs) or None,
            # EXTENDED support costs six times as much per hour; it must be a decision.
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
            deletion_protection=settings.protected,
            authentication_mode=eks.AuthenticationMode.API,
            skip_default_node_group=True,
            skip_default_security_groups=True,
            create_instance_role=False,
            create_oidc_provider=False,
            # The add-ons are resources of the program (addons.py).
            bootstrap_self_managed_addons=False,
            use_default_vpc_cni=True,
            kube_proxy_addon_options=eks.KubeProxyAddonOptionsArgs(enabled=False),
            coredns_addon_options=eks.CoreDnsAddonOptionsArgs(enabled=False),
            opts=pulumi.ResourceOptions(
                parent=self,
                providers=[provider],
                depends_on=list(logs),
                protect=settings.protected or None,
                transforms=[of_component(settings.permissions_boundary)],
            ),
        )


def _name(cluster: aws.eks.Cluster) -> pulumi.Output[str]:
    return cluster.name


def _security_group(cluster: aws.eks.Cluster) -> pulumi.Output[str]:
    return cluster.vpc_config.apply(lambda config: str(config.cluster_security_group_id))
