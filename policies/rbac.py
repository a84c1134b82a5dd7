"""Checks of permissions in the cluster: https://kubernetes.io/docs/concepts/security/rbac-good-practices/."""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.check import Context, Resource

RIGHTS = ("kubernetes:rbac.authorization.k8s.io/",)
_ESCALATE = ("escalate", "bind", "impersonate")
# Resources with which a user can impersonate others or run code anywhere.
_SENSITIVE = (
    *("pods/exec", "pods/attach", "pods/ephemeralcontainers", "nodes/proxy", "serviceaccounts/token"),
    *("certificatesigningrequests/approval", "mutatingwebhookconfigurations"),
    *("validatingwebhookconfigurations", "clusterroles", "clusterrolebindings", "roles", "rolebindings"),
)
_READS = ("get", "list", "watch")
_ROLES = ("cluster-admin", "admin", "edit")
_EVERYONE = (
    *("system:masters", "system:anonymous", "system:unauthenticated", "system:authenticated"),
    "system:serviceaccounts",
)


def wildcard_rbac(resource: Resource, _: Context) -> Iterator[str]:
    """Reject permissions for everything in the cluster, and permissions for everyone."""
    if resource.of_platform or resource.op == "delete":
        return
    for item in [resource.inputs, *(resource.inputs.get("items") or [])]:
        yield from _binding(item)
        if item.get("aggregationRule"):
            yield "aggregates the permissions of all roles with a label"
        for rule in item.get("rules") or []:
            yield from _rule(rule)


def _binding(item: Mapping[str, Any]) -> Iterator[str]:
    role = str((item.get("roleRef") or {}).get("name", ""))
    if role in _ROLES or role.startswith("system:"):
        yield f"grants the permissions of {role}"
    for subject in item.get("subjects") or []:
        name = str(subject.get("name", ""))
        if name.startswith(_EVERYONE):
            yield f"grants permissions to {name}"


def _rule(rule: Mapping[str, Any]) -> Iterator[str]:
    verbs = [str(verb) for verb in rule.get("verbs") or []]
    resources = [str(one) for one in rule.get("resources") or []]
    parts = [*verbs, *resources, *map(str, rule.get("apiGroups") or [])]
    paths = [str(path) for path in rule.get("nonResourceURLs") or []]
    if any("*" in part for part in parts) or "*" in paths or "/*" in paths:
        yield f"allows {', '.join(verbs)} of {', '.join([*resources, *paths])}"
        return
    writes = [verb for verb in verbs if verb not in _READS]
    sensitive = [one for one in resources if one in _SENSITIVE and (writes or one == "nodes/proxy")]
    if "secrets" in resources and not rule.get("resourceNames") and verbs:
        sensitive.append("secrets")
    if sensitive:
        yield f"allows {', '.join(verbs)} of {', '.join(sensitive)}"
    elif powers := [verb for verb in verbs if verb in _ESCALATE]:
        yield f"allows {', '.join(powers)}"
