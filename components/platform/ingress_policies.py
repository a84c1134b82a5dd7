"""Who may connect to the platform's own pods: NetworkPolicies of its namespaces."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The label of every namespace that Kubernetes itself gives it: its name."""


def ingress_policy(
    name: str,
    namespace: pulumi.Input[str],
    rules: Sequence[dict[str, Any]],
    *,
    pods: Mapping[str, str] | None = None,
    opts: pulumi.ResourceOptions,
) -> k8s.networking.v1.NetworkPolicy:
    """Let in what the rules say, and nothing else, to pods with these labels; unset, to all of a namespace.

    Kubelets' probes come from the pod's own node, which is always let in. What pods connect to is not
    limited: the address of the API server, which all of them ask, is known to no policy.
    https://kubernetes.io/docs/concepts/services-networking/network-policies/
    """
    spec: dict[str, Any] = {
        "podSelector": {"matchLabels": dict(pods)} if pods else {},
        "policyTypes": ["Ingress"],
        "ingress": list(rules),
    }
    return k8s.networking.v1.NetworkPolicy(
        name,
        metadata=k8s.meta.v1.ObjectMetaArgs(name=name, namespace=namespace),
        spec=spec,  # pyright: ignore[reportArgumentType]
        opts=opts,
    )


def from_anywhere(*ports: int) -> dict[str, Any]:
    """Return the rule for ports that clients ask, or the API server, whose address no policy knows."""
    return {"ports": _tcp(ports)}


def from_same_namespace() -> dict[str, Any]:
    """Return the rule for what parts of an add-on ask each other."""
    return {"from": [{"podSelector": {}}]}


def from_namespace(namespace: str | None, *ports: int) -> dict[str, Any]:
    """Return the rule for ports that pods of a namespace ask; of any namespace, if none is named."""
    selector = {"matchLabels": {NAMESPACE_NAME: namespace}} if namespace else {}
    return {"from": [{"namespaceSelector": selector}], "ports": _tcp(ports)}


def _tcp(ports: Sequence[int]) -> list[dict[str, Any]]:
    return [{"protocol": "TCP", "port": port} for port in ports]
