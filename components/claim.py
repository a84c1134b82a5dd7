"""Claim of a model or a splitter on its endpoint, which keeps other namespaces from using the endpoint."""

import pulumi
import pulumi_kubernetes as k8s

from components.platform import Platform
from components.platform.endpoint_policies import CLAIM
from stacks.settings.networking import Networking


def claim(
    name: str, networking: Networking, endpoint: str, platform: Platform, opts: pulumi.ResourceOptions
) -> k8s.core.v1.NamespacePatch:
    """Write the claim of the route called `name` onto the namespace of the stack's models.

    The claim is an annotation: `STACK PATH`, then the host names, if the route is limited to some. The API
    server compares the claim with those of all other namespaces (components/platform/endpoint_policies.py).
    """
    hosts = [",".join(networking.hostnames)] if networking.hostnames else []
    annotations = {f"{CLAIM}{name}": " ".join([pulumi.get_stack(), endpoint, *hosts])}
    metadata = k8s.meta.v1.ObjectMetaPatchArgs(name=platform.namespace, annotations=annotations)
    return k8s.core.v1.NamespacePatch(name, metadata=metadata, opts=opts)
