"""PriorityClasses of replicas: the order of scheduling when nodes are full."""

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s


def priority_classes(
    wanted: Mapping[str, int], opts: pulumi.ResourceOptions
) -> dict[str, pulumi.Output[str]]:
    """Create the classes and return their names, as outputs.

    https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
    """
    made = {
        name: k8s.scheduling.v1.PriorityClass(
            name, metadata=k8s.meta.v1.ObjectMetaArgs(name=name), value=value, opts=opts
        )
        for name, value in wanted.items()
    }
    return {name: each.metadata.name.apply(str) for name, each in made.items()}
