"""Shared metadata of a model's or a splitter's Kubernetes objects."""

from collections.abc import Mapping

import pulumi_kubernetes as k8s

from components.platform import Platform

# Pulumi reverts manual changes of these fields: otherwise `pulumi up` would end with a conflict. Fields of an
# autoscaler are in none of our objects, so the autoscaler keeps them.
# https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/
_PATCH_FORCE = {"pulumi.com/patchForce": "true"}


def metadata(
    name: str,
    platform: Platform,
    labels: Mapping[str, str],
    annotations: Mapping[str, str] | None = None,
) -> k8s.meta.v1.ObjectMetaArgs:
    """Return the metadata of an object in the models' namespace, whose fields the stack file owns."""
    return k8s.meta.v1.ObjectMetaArgs(
        name=name,
        namespace=platform.namespace,
        labels=labels,
        annotations={**_PATCH_FORCE, **(annotations or {})},
    )
