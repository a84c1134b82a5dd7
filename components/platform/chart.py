"""An upstream Helm chart, from its own repository or from a mirror folder."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.platform.versions import ChartSource


def chart(
    source: ChartSource,
    *,
    mirror: str | None,
    namespace: pulumi.Input[str],
    values: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> k8s.helm.v4.Chart:
    """Install a chart so that each of its objects is a resource with a diff of its own.

    `mirror` is a folder of the project with one chart a folder; unset, the chart comes from upstream.
    """
    upstream = k8s.helm.v4.RepositoryOptsArgs(repo=source.repository)
    return k8s.helm.v4.Chart(
        source.name,
        chart=f"./{mirror}/{source.name}" if mirror else source.reference,
        version=None if mirror else source.version,
        repository_opts=upstream if source.repository and not mirror else None,
        namespace=namespace,
        values=values,
        opts=opts,
    )


def release(
    source: ChartSource,
    *,
    mirror: str | None,
    namespace: pulumi.Input[str],
    values: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> k8s.helm.v3.Release:
    """Install a chart that needs Helm's hooks, which `chart` leaves out; it is one resource."""
    upstream = k8s.helm.v3.RepositoryOptsArgs(repo=source.repository)
    return k8s.helm.v3.Release(
        source.name,
        name=source.name,
        chart=f"./{mirror}/{source.name}" if mirror else source.reference,
        version=None if mirror else source.version,
        repository_opts=upstream if source.repository and not mirror else None,
        namespace=namespace,
        values=values,
        skip_crds=True,
        opts=opts,
    )
