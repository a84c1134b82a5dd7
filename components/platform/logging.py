"""Fluent Bit: sends the logs of the model APIs to the stack's CloudWatch log group."""

import pulumi
import pulumi_aws as aws

from components.addons import SYSTEM
from components.iam import PodRole, allow
from components.kubernetes_cluster import OnAws
from components.platform import versions
from components.platform.chart import chart
from components.platform.gateway import NAMESPACE as GATEWAY_NAMESPACE
from stacks.settings import images, platform

_ACCOUNT = "aws-for-fluent-bit"
# JSON lines become fields, Kubernetes' metadata top-level keys, including the model's name.
_FILTERS = """\
[FILTER]
    Name          nest
    Match         kube.*
    Operation     lift
    Nested_under  kubernetes
    Add_prefix    kubernetes_
[FILTER]
    Name          nest
    Match         kube.*
    Operation     lift
    Nested_under  kubernetes_labels
    Add_prefix    label_
[FILTER]
    Name          modify
    Match         kube.*
    Rename        label_app.kubernetes.io/name model
    Remove_wildcard label_
    Remove_wildcard kubernetes_docker
"""


class Logging(pulumi.ComponentResource):
    """DaemonSet on every node, log group with a retention, and a role that may write only to that group."""

    log_group: str
    """Name of the log group."""

    def __init__(
        self,
        name: str,
        on_aws: OnAws,
        settings: platform.Platform,
        registry: images.Images,
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:platform:Logging", name, None, opts)
        cluster, child = on_aws.settings, pulumi.ResourceOptions(parent=self)
        self.log_group = f"/axon/{cluster.name}/apis"
        group = aws.cloudwatch.LogGroup(
            "apis", name=self.log_group, retention_in_days=cluster.logging.retention_days, opts=child
        )
        arn = f"arn:aws:logs:{cluster.region}:{cluster.account}:log-group:{self.log_group}"
        write = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        pod_role = PodRole(
            name,
            cluster.name,
            namespace=SYSTEM,
            service_account=_ACCOUNT,
            boundary=cluster.permissions_boundary,
            statements=[allow(write, [arn, f"{arn}:*"])],
            association=on_aws.cluster_name,
            opts=child,
        )
        chart(
            versions.FLUENT_BIT_CHART,
            mirror=settings.charts,
            namespace=SYSTEM,
            values={
                "image": registry.chart_image(versions.FLUENT_BIT_IMAGE),
                **registry.chart_secrets,
                "fullnameOverride": _ACCOUNT,
                "serviceAccount": {"name": _ACCOUNT},
                # Logs of models and of the gateway only, not of every add-on: CloudWatch charges per
                # gigabyte.
                "input": {"path": _paths(settings.namespace, GATEWAY_NAMESPACE)},
                "filter": {"mergeLogKey": "", "keepLog": "Off"},
                "additionalFilters": _FILTERS,
                "cloudWatchLogs": {
                    "region": cluster.region,
                    "logGroupName": self.log_group,
                    "logStreamTemplate": "$kubernetes_pod_name.$kubernetes_container_name",
                    # The stack owns the group and its retention.
                    "autoCreateGroup": False,
                },
                "tolerations": [{"operator": "Exists"}],
                "priorityClassName": "system-node-critical",
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group, pod_role]),
        )
        self.register_outputs({"log_group": self.log_group})


def _paths(*namespaces: str) -> str:
    return ",".join(f"/var/log/containers/*_{namespace}_*.log" for namespace in namespaces)
