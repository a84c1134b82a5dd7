"""Transform of resources inside pulumi-eks' component, for properties that have no argument."""

import pulumi

# https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessConfigRequest.html
_ACCESS = {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
# A different value replaces a cluster: an existing cluster keeps the value from its creation.
# https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/eks_cluster#access_config-1
_AS_MADE = pulumi.ResourceOptions(ignore_changes=["accessConfig.bootstrapClusterCreatorAdminPermissions"])


def of_component(boundary: str | None) -> pulumi.ResourceTransform:
    """Return the transform of the component: of its cluster, and of the control plane's role.

    The component grants permanent access to the creator of the cluster, outside of the program:
    https://github.com/pulumi/pulumi-eks/blob/v4.4.0/nodejs/eks/cluster/cluster.ts
    `boundary` is the policy that limits each role of the stack.
    """

    def changed(made: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if made.type_ == "aws:eks/cluster:Cluster":
            return pulumi.ResourceTransformResult(
                {**made.props, "accessConfig": _ACCESS}, pulumi.ResourceOptions.merge(made.opts, _AS_MADE)
            )
        if made.type_ == "aws:iam/role:Role" and boundary:
            return pulumi.ResourceTransformResult({**made.props, "permissionsBoundary": boundary}, made.opts)
        return None

    return changed
