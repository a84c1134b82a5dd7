"""external-dns: DNS records for the host names of routes, in the given hosted zones."""

import pulumi

from components.addons import SYSTEM
from components.iam import PodRole, allow
from components.kubernetes_cluster import OnAws, Placement
from components.platform import versions
from components.platform.chart import chart
from stacks.settings import images, platform
from stacks.settings.aws.extras import ExternalDns as ExternalDnsSettings

_ACCOUNT = "external-dns"


class ExternalDns(pulumi.ComponentResource):
    """Upstream's chart, with a role for only these zones."""

    def __init__(
        self,
        name: str,
        on_aws: OnAws,
        dns: ExternalDnsSettings,
        settings: platform.Platform,
        registry: images.Images,
        placement: Placement,
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("axon:platform:ExternalDns", name, None, opts)
        cluster = on_aws.settings
        # https://kubernetes-sigs.github.io/external-dns/latest/docs/tutorials/aws/
        zones = [f"arn:aws:route53:::hostedzone/{zone}" for zone in dns.zone_ids]
        read = ["route53:ListHostedZones", "route53:ListTagsForResources"]
        pod_role = PodRole(
            name,
            cluster.name,
            namespace=SYSTEM,
            service_account=_ACCOUNT,
            boundary=cluster.permissions_boundary,
            statements=[
                allow(["route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets"], zones),
                allow(read, ["*"]),
            ],
            association=on_aws.cluster_name,
            opts=pulumi.ResourceOptions(parent=self),
        )
        chart(
            versions.EXTERNAL_DNS_CHART,
            mirror=settings.charts,
            namespace=SYSTEM,
            values={
                "image": registry.chart_image(versions.EXTERNAL_DNS_IMAGE),
                **registry.chart_secrets,
                "fullnameOverride": _ACCOUNT,
                "serviceAccount": {"name": _ACCOUNT},
                "provider": {"name": "aws"},
                "env": [{"name": "AWS_DEFAULT_REGION", "value": cluster.region}],
                "sources": ["gateway-httproute"],
                "policy": "sync",
                "registry": "txt",
                "txtOwnerId": cluster.name,
                "extraArgs": [f"--zone-id-filter={zone}" for zone in dns.zone_ids],
                **placement.values,
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[pod_role]),
        )
        self.register_outputs({})
