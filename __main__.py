"""One stack: a cluster, the platform on it, and every model API."""

import pulumi

from components import ExistingCluster, ModelApi, Platform
from stacks.settings import load

settings = load()

cluster = ExistingCluster("cluster", settings.cluster)
on_cluster = pulumi.ResourceOptions(provider=cluster.provider)

platform = Platform("platform", settings.platform, settings.images, opts=on_cluster)

apis = {
    name: ModelApi(name, model, settings.images, platform=platform, opts=on_cluster)
    for name, model in settings.models.items()
}

pulumi.export("endpoints", {name: api.url for name, api in apis.items()})
