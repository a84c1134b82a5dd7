"""AWS resources of a stack: an EKS cluster, its registry, its store and its budget."""

import pulumi

from components.budget import Budget
from components.cluster import EksCluster, aws_provider, aws_tags
from components.image_cache import PullThroughCache
from components.model_store import ModelStore
from components.registry import Registry
from predictor_images import repositories_of
from stacks.settings import Stack, eks


def cluster_on_aws(wanted: eks.EksCluster, stack: Stack) -> EksCluster:
    """Create the cluster, and the registry, the store and the budget of its stack."""
    tags = aws_tags(pulumi.get_stack(), wanted)
    provider = aws_provider(wanted, tags)
    opts = pulumi.ResourceOptions(provider=provider)
    Registry("registry", wanted, [*repositories_of(stack), *stack.images.keep], opts=opts)
    if wanted.image_cache:
        PullThroughCache("image-cache", wanted, wanted.image_cache, stack.images, opts=opts)
    if wanted.model_store.enabled:
        pulumi.export("model_store", ModelStore("models", wanted, opts=opts).bucket)
    if wanted.budget:
        Budget("budget", pulumi.get_stack(), wanted.budget, opts=opts)
    return EksCluster("cluster", wanted, provider=provider, tags=tags)
