"""What has to agree between the parts of a stack file."""

from collections.abc import Iterator

from stacks.settings.aws.checks import aws_problems
from stacks.settings.aws.eks import EksCluster
from stacks.settings.errors import Problem
from stacks.settings.stack import Stack


def cross_problems(stack: Stack) -> Iterator[Problem]:
    """Yield what is wrong with a stack whose parts are each right."""
    if isinstance(stack.cluster, EksCluster):
        yield from aws_problems(stack.cluster, stack.models)
        if stack.platform.gateway.port != 80:
            yield Problem(
                ("platform", "gateway", "port"), "on EKS clients see the load balancer's: leave it out"
            )
        return
    if stack.images.registry is None:
        yield Problem(("images", "registry"), "is required, unless the cluster is of `kind: eks`")
    yield from _only_on_eks(stack)


def _only_on_eks(stack: Stack) -> Iterator[Problem]:
    for name, model in stack.models.items():
        if model.node_groups:
            yield Problem(("models", name, "node_groups"), "the cluster is not of `kind: eks`, and has none")
        if model.aws.granted:
            yield Problem(("models", name, "aws"), "the cluster is not of `kind: eks`, and gives no roles")
