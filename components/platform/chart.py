"""Upstream Helm chart, from its own repository or from a mirror folder."""

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
    """Install a chart so that each of its objects is a resource with its own diff.

    `mirror` is a folder of the project with one folder per chart; unset, the chart comes from upstream. While
    the cluster does not exist, a preview shows the chart as one line.
    """
    upstream = k8s.helm.v4.RepositoryOptsArgs(repo=source.repository)
    return k8s.helm.v4.Chart(
        source.name,
        chart=source.at(mirror),
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
    """Install a chart that `chart` cannot: one with Helm hooks, or with certificates generated during
    rendering.

    A release is one resource; a preview shows only its values, not its objects. Its CustomResourceDefinitions
    are left out (see `definitions`).
    """
    upstream = k8s.helm.v3.RepositoryOptsArgs(repo=source.repository)
    return k8s.helm.v3.Release(
        source.name,
        name=source.name,
        chart=source.at(mirror),
        version=None if mirror else source.version,
        repository_opts=upstream if source.repository and not mirror else None,
        namespace=namespace,
        values=values,
        skip_crds=True,
        opts=opts,
    )


def definitions(
    source: ChartSource, *, mirror: str | None, opts: pulumi.ResourceOptions
) -> k8s.yaml.v2.ConfigGroup:
    """Install the CustomResourceDefinitions of a chart's version, from upstream's files or the mirror's.

    Helm installs CustomResourceDefinitions once, and never updates them with the chart:
    https://helm.sh/docs/chart_best_practices/custom_resource_definitions/
    """
    folder = f"{source.at(mirror)}/crds" if mirror else source.definitions
    files = [f"{folder}/{file}" for file in source.definition_files]
    return k8s.yaml.v2.ConfigGroup(f"{source.name}-crds", files=files, opts=opts)
