"""Consistency checks across the parts of a stack file."""

import math
from collections.abc import Iterator
from decimal import Decimal

from stacks.settings.architectures import architecture_problems
from stacks.settings.aws.eks import EksCluster
from stacks.settings.checksums import checksum_problems
from stacks.settings.eks_checks import aws_problems
from stacks.settings.errors import Problem
from stacks.settings.gateway_checks import gateway_problems
from stacks.settings.hosts import host_problems
from stacks.settings.names import name_problems
from stacks.settings.splitter_checks import splitter_problems
from stacks.settings.stack import Stack
from stacks.settings.units import quantity_value


def cross_problems(stack: Stack) -> Iterator[Problem]:
    """Yield problems between parts of a stack that are each valid."""
    yield from _over_quota(stack)
    yield from name_problems(stack)
    yield from splitter_problems(stack)
    yield from host_problems(stack)
    yield from checksum_problems(stack)
    yield from gateway_problems(stack)
    if isinstance(stack.cluster, EksCluster):
        yield from aws_problems(stack.cluster, stack.models)
        yield from architecture_problems(stack, stack.cluster)
        yield from _open_to_everybody(stack, stack.cluster)
        yield from _no_way_to_images(stack, stack.cluster)
        if stack.platform.gateway.port != 80:
            yield Problem(
                ("platform", "gateway", "port"), "on EKS clients see the load balancer's: leave it out"
            )
        if stack.platform.gateway.tls:
            yield Problem(("platform", "gateway", "tls"), "on EKS it is `axon:cluster.load_balancer.tls`")
        return
    if stack.images.registry is None:
        yield Problem(("images", "registry"), "is required, unless the cluster is of `kind: eks`")
    yield from _only_on_eks(stack)


def _open_to_everybody(stack: Stack, cluster: EksCluster) -> Iterator[Problem]:
    """Yield models that are open to the whole internet, unless the stack file allows it."""
    balancer = cluster.load_balancer
    signed = balancer.tls and balancer.tls.client_ca
    if not (balancer.is_public and balancer.anywhere) or signed:
        return
    for kind, entries in (("models", stack.models), ("traffic_splitters", stack.traffic_splitters)):
        for name, entry in entries.items():
            if entry.networking.auth is None and not entry.networking.allow:
                yield Problem(
                    (kind, name, "networking", "auth"),
                    "is unset, and with `load_balancer.anywhere` the whole internet may ask: set it, or say "
                    "`auth: none` if that is meant",
                )


def _no_way_to_images(stack: Stack, cluster: EksCluster) -> Iterator[Problem]:
    """Yield node groups that could not pull the platform's images, or the image for their GPUs."""
    path = ("cluster", "network", "nat")
    if cluster.network.nat != "none" or cluster.network.existing or stack.images.mirror:
        return
    if not cluster.image_cache:
        yield Problem(
            path,
            "with `nat: none` nodes pull nothing from the internet: set `image_cache`, or "
            "`axon:images.mirror`, a registry that they reach with copies of the platform's images",
        )
    elif any(group.device_plugin == "nvidia" for group in cluster.node_groups.values()):
        yield Problem(
            path,
            "with `nat: none` nodes with GPUs need `axon:images.mirror` (or `image: bottlerocket`): ECR "
            "caches none of NVIDIA's images",
        )


def _only_on_eks(stack: Stack) -> Iterator[Problem]:
    for name, model in stack.models.items():
        if model.node_groups:
            yield Problem(("models", name, "node_groups"), "the cluster is not of `kind: eks`, and has none")
        if model.aws.granted:
            yield Problem(("models", name, "aws"), "the cluster is not of `kind: eks`, and gives no roles")


def _over_quota(stack: Stack) -> Iterator[Problem]:
    """Compare the requests of all models at their minimum number of replicas with the quota."""
    quota = stack.platform.quota
    if quota is None:
        return
    pods, cpu, mem = 0, Decimal(0), Decimal(0)
    for model in stack.models.values():
        fewest, compute = model.replicas[0], model.pod_compute
        pods += fewest
        cpu += fewest * quantity_value(compute.cpu)
        mem += fewest * quantity_value(compute.mem)
    asked = {"cpu": (cpu, f"{cpu.normalize():f}"), "mem": (mem, f"{math.ceil(mem / 2**20)}Mi")}
    for key, (amount, shown) in {**asked, "pods": (Decimal(pods), str(pods))}.items():
        given = getattr(quota, key)
        if given is not None and amount > quantity_value(str(given)):
            message = f"{given} is less than the {shown} that all models ask for at min_replicas"
            yield Problem(("platform", "quota", key), message)
