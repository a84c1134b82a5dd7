"""AWS Load Balancer Controller: it keeps the load balancer's list of targets, and makes nothing."""

import pulumi
import pulumi_kubernetes as k8s

from components.addons import SYSTEM
from components.iam import PodRole, Statement, allow
from components.kubernetes_cluster import OnAws, Placement
from components.platform import versions
from components.platform.chart import definitions, release
from stacks.settings import images, platform
from stacks.settings.aws.eks import EksCluster

_ACCOUNT = "aws-load-balancer-controller"


class LoadBalancerController(pulumi.ComponentResource):
    """Upstream's chart, for TargetGroupBindings alone."""

    release: k8s.helm.v3.Release
    """What has to be there for a TargetGroupBinding to be made, and to be deleted."""

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
        super().__init__("axon:platform:LoadBalancerController", name, None, opts)
        cluster = on_aws.settings
        pod_role = PodRole(
            name,
            cluster.name,
            namespace=SYSTEM,
            service_account=_ACCOUNT,
            boundary=cluster.permissions_boundary,
            statements=permissions(cluster),
            association=on_aws.cluster_name,
            opts=pulumi.ResourceOptions(parent=self),
        )
        kinds = definitions(
            versions.LOAD_BALANCER_CONTROLLER_CHART,
            mirror=settings.charts,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Not a `chart`: its webhooks' certificates are made anew each time it is rendered.
        self.release = release(
            versions.LOAD_BALANCER_CONTROLLER_CHART,
            mirror=settings.charts,
            namespace=SYSTEM,
            values={
                "clusterName": cluster.name,
                "region": cluster.region,
                "vpcId": on_aws.network.vpc_id,
                "image": registry.chart_image(versions.LOAD_BALANCER_CONTROLLER_IMAGE),
                **registry.chart_secrets,
                "serviceAccount": {"name": _ACCOUNT},
                "replicaCount": 2,
                # Load balancers are the program's; Services and Ingresses make none.
                "enableServiceMutatorWebhook": False,
                "createIngressClassResource": False,
                "controllerConfig": {"featureGates": {"NLBGatewayAPI": False, "ALBGatewayAPI": False}},
                # A controller that is away must not keep a proxy from starting.
                "podMutatorWebhookConfig": {"failurePolicy": "Ignore"},
                "podDisruptionBudget": {"maxUnavailable": 1},
                "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
                **placement.values,
            },
            # Without its role, and the kinds that it watches, it could not start.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[pod_role, kinds]),
        )
        self.register_outputs({})


def permissions(cluster: EksCluster) -> list[Statement]:
    """Return what it may do: read, and change the targets of the stack's own target groups.

    Source: the part of upstream's policy that TargetGroupBindings without `networking` use.
    """
    read = [
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
    ]
    change = ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"]
    groups = f"arn:aws:elasticloadbalancing:{cluster.region}:{cluster.account}:targetgroup/*/*"
    own = {"StringEquals": {"aws:ResourceTag/axon:cluster": cluster.name}}
    return [allow(read, ["*"]), allow(change, [groups], own)]
