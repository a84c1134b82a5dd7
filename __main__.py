"""One stack: a cluster, the platform on it, and every model API."""

import pulumi

from components import (
    Budget,
    EksCluster,
    ExistingCluster,
    ModelApi,
    ModelStore,
    Platform,
    Registry,
    TrafficSplitter,
    aws_provider,
    aws_tags,
)
from predictor_images import repositories_of
from stacks.settings import eks, load

settings = load()


def on_aws(wanted: eks.EksCluster) -> EksCluster:
    """Make the cluster, and what stands beside it in the stack's AWS account."""
    tags = aws_tags(pulumi.get_stack(), wanted)
    provider = aws_provider(wanted, tags)
    opts = pulumi.ResourceOptions(provider=provider)
    Registry("registry", wanted, repositories_of(settings), opts=opts)
    if wanted.model_store.enabled:
        pulumi.export("model_store", ModelStore("models", wanted, opts=opts).bucket)
    if wanted.budget:
        Budget("budget", pulumi.get_stack(), wanted.budget, opts=opts)
    return EksCluster("cluster", wanted, provider=provider, tags=tags)


cluster = (
    on_aws(settings.cluster)
    if isinstance(settings.cluster, eks.EksCluster)
    else ExistingCluster("cluster", settings.cluster)
)
providers = [cluster.provider, *([cluster.aws.provider] if cluster.aws else [])]
on_cluster = pulumi.ResourceOptions(providers=providers)

platform = Platform(
    "platform",
    settings.platform,
    settings.images,
    placement=cluster.placement,
    on_aws=cluster.aws,
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

pulumi.export("endpoints", {name: api.url for name, api in {**apis, **splitters}.items()})
