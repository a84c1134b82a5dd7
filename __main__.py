"""One stack: a cluster, the platform on it, and every model API."""

import pulumi

from components import ExistingCluster, KubernetesCluster, ModelApi, Platform, TrafficSplitter
from stacks.settings import eks, load

settings = load()


def kubernetes() -> KubernetesCluster:
    """Take the cluster that is there, or make one on AWS."""
    if not isinstance(settings.cluster, eks.EksCluster):
        return ExistingCluster("cluster", settings.cluster)
    from components.on_aws import cluster_on_aws  # with AWS' SDKs, which take seconds

    return cluster_on_aws(settings.cluster, settings)


cluster = kubernetes()
providers = [cluster.provider, *([cluster.aws.provider] if cluster.aws else [])]
on_cluster = pulumi.ResourceOptions(providers=providers)

platform = Platform(
    "platform",
    settings.platform,
    settings.images,
    placement=cluster.placement,
    on_aws=cluster.aws,
    longest_request=settings.longest_request,
    opts=on_cluster,
)
apis = {
    name: ModelApi(
        name,
        model,
        settings.images,
        platform=platform,
        on_aws=cluster.aws,
        splitters=settings.traffic_splitters,
        opts=on_cluster,
    )
    for name, model in settings.models.items()
}
splitters = {
    name: TrafficSplitter(name, splitter, apis, platform=platform, opts=on_cluster)
    for name, splitter in settings.traffic_splitters.items()
}

pulumi.export("models", {name: api.summary for name, api in apis.items()})
pulumi.export("endpoints", {name: api.url for name, api in {**apis, **splitters}.items()})
