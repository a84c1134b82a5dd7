"""EKS cluster that the stack creates."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from components import image_cache
from components.access_entries import AccessEntries
from components.addons import ClusterAddons, NodeAddons
from components.control_plane import ControlPlane
from components.iam import aws_managed, role, trust
from components.kubernetes_cluster import OnAws, Placement
from components.network import Network
from components.node_group import NodeGroup
from stacks.settings.aws import eks

# https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html, with SSM instead of SSH. The
# network's own policy belongs to its pods (addons.py).
_NODE_POLICIES = [
    "AmazonEKSWorkerNodePolicy",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonSSMManagedInstanceCore",
]


class EksCluster(pulumi.ComponentResource):
    """Network, control plane, node groups and EKS add-ons, each created after its dependencies.

    Objects on the cluster depend on `provider`, and so on add-ons and system nodes: a destroy removes the
    objects first, while nodes and a network still exist. Other node groups block only the models that are
    restricted to them: AWS may have no capacity for a group.
    """

    provider: k8s.Provider
    """Provider of resources on this cluster."""

    def __init__(
        self,
        name: str,
        settings: eks.EksCluster,
        *,
        provider: aws.Provider,
        tags: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the cluster with the provider of its account; `tags` are those of `aws_tags`."""
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(providers=[provider]))
        super().__init__("axon:cluster:EksCluster", name, None, opts)
        self.name, self._settings, self._tags = settings.name, settings, tags
        self._child = pulumi.ResourceOptions(parent=self)
        network = Network("network", settings, opts=self._child)
        control_plane = ControlPlane("control-plane", settings, network, provider=provider, opts=self._child)
        access = AccessEntries("access", settings.access, control_plane.cluster_name, opts=self._child)
        nodes = self._node_groups(control_plane, network)
        system = [made for key, made in nodes.items() if settings.node_groups[key].role == "system"]
        addons = ClusterAddons(
            "cluster-addons", settings, control_plane.cluster_name, after=system, opts=self._child
        )
        self.placement = Placement(
            {"axon.dev/role": "system"}, [{"key": "CriticalAddonsOnly", "operator": "Exists"}]
        )
        self.aws: OnAws | None = OnAws(
            settings,
            provider,
            network,
            control_plane.cluster_name,
            control_plane.security_group,
            nodes,
        )
        self.provider = self._api(name, control_plane, [*access.all, *system, addons])
        self.register_outputs({})

    def _node_groups(self, control_plane: ControlPlane, network: Network) -> dict[str, NodeGroup]:
        settings = self._settings
        before = NodeAddons("node-addons", settings, control_plane.cluster_name, opts=self._child)
        node_role, policies = role(
            "nodes",
            f"{settings.name}-nodes",
            trust("ec2.amazonaws.com"),
            boundary=settings.permissions_boundary,
            policy_arns={policy: aws_managed(policy) for policy in _NODE_POLICIES},
            statements=image_cache.permissions(settings) if settings.image_cache else (),
            opts=self._child,
        )
        return {
            key: NodeGroup(
                key,
                group,
                settings,
                cluster_name=control_plane.cluster_name,
                network=network,
                role_arn=node_role.arn,
                tags=self._tags,
                after=[*policies, *before.all],
                opts=self._child,
            )
            for key, group in settings.node_groups.items()
        }

    def _api(self, name: str, control_plane: ControlPlane, after: Sequence[pulumi.Resource]) -> k8s.Provider:
        settings = self._settings
        return k8s.Provider(
            name,
            kubeconfig=control_plane.kubeconfig,
            # Updated in place, not replaced: pods read the ConfigMap during the update.
            enable_config_map_mutable=True,
            # While this identifier stays, a changed kubeconfig is a new login, not another cluster: otherwise
            # every object on the cluster would be replaced (pulumi-kubernetes#764).
            cluster_identifier=f"{settings.account}/{settings.region}/{settings.name}",
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )


def aws_tags(stack: str, settings: eks.EksCluster) -> dict[str, str]:
    """Return the tags of all of a stack's AWS resources, used by cost reports, the budget and permissions."""
    return {**settings.tags, "axon:stack": stack, "axon:cluster": settings.name}


def aws_provider(settings: eks.EksCluster, tags: Mapping[str, str]) -> aws.Provider:
    """Return the provider of the stack's account and region, which adds the stack's tags to each resource."""
    return aws.Provider(
        "aws",
        region=settings.region,
        # Credentials of another account are rejected before any resource is created.
        allowed_account_ids=[settings.account],
        default_tags=aws.ProviderDefaultTagsArgs(tags=dict(tags)),
    )
