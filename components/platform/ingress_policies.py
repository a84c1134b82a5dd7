"""NetworkPolicies for ingress to the pods of the platform's namespaces."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""Label that Kubernetes sets on every namespace: its name."""


def ingress_policy(
    name: str,
    namespace: pulumi.Input[str],
    rules: Sequence[dict[str, Any]],
    *,
    pods: Mapping[str, str] | None = None,
    opts: pulumi.ResourceOptions,
) -> k8s.networking.v1.NetworkPolicy:
    """Allow only the ingress of the rules to pods with these labels; unset, to all pods of the namespace.

    Kubelets' probes come from the pod's own node, which is always allowed. Egress is not limited: no policy
    can know the address of the API server, to which all of these pods connect.
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
    """Return the rule for ports of clients or of the API server, whose address no policy can know."""
    return {"ports": _tcp(ports)}


def from_same_namespace() -> dict[str, Any]:
    """Return the rule for traffic between the parts of an add-on."""
    return {"from": [{"podSelector": {}}]}


def from_namespace(namespace: str | None, *ports: int) -> dict[str, Any]:
    """Return the rule for traffic from pods of a namespace to ports; from any namespace, if unset."""
    selector = {"matchLabels": {NAMESPACE_NAME: namespace}} if namespace else {}
    return {"from": [{"namespaceSelector": selector}], "ports": _tcp(ports)}


def _tcp(ports: Sequence[int]) -> list[dict[str, Any]]:
    return [{"protocol": "TCP", "port": port} for port in ports]
