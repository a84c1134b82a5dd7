"""Checks of rights on the cluster: https://kubernetes.io/docs/concepts/security/rbac-good-practices/."""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.check import Context, Resource

RIGHTS = ("kubernetes:rbac.authorization.k8s.io/",)
_ESCALATE = ("escalate", "bind", "impersonate")
# What lets its user be somebody else, or run something anywhere.
_GRAVE = (
    *("pods/exec", "pods/attach", "pods/ephemeralcontainers", "nodes/proxy", "serviceaccounts/token"),
    *("certificatesigningrequests/approval", "mutatingwebhookconfigurations"),
    *("validatingwebhookconfigurations", "clusterroles", "clusterrolebindings", "roles", "rolebindings"),
)
_READS = ("get", "list", "watch")
_ROLES = ("cluster-admin", "admin", "edit")
_EVERYBODY = (
    *("system:masters", "system:anonymous", "system:unauthenticated", "system:authenticated"),
    "system:serviceaccounts",
)


def wildcard_rbac(resource: Resource, _: Context) -> Iterator[str]:
    """Refuse rights to everything on the cluster, and rights of everybody."""
    if resource.of_platform or resource.op == "delete":
        return
    for item in [resource.inputs, *(resource.inputs.get("items") or [])]:
        yield from _binding(item)
        if item.get("aggregationRule"):
            yield "takes the rights of whatever role has a label"
        for rule in item.get("rules") or []:
            yield from _rule(rule)


def _binding(item: Mapping[str, Any]) -> Iterator[str]:
    role = str((item.get("roleRef") or {}).get("name", ""))
    if role in _ROLES or role.startswith("system:"):
        yield f"gives the rights of {role}"
    for subject in item.get("subjects") or []:
        name = str(subject.get("name", ""))
        if name.startswith(_EVERYBODY):
            yield f"gives rights to {name}"


def _rule(rule: Mapping[str, Any]) -> Iterator[str]:
    verbs = [str(verb) for verb in rule.get("verbs") or []]
    resources = [str(one) for one in rule.get("resources") or []]
    parts = [*verbs, *resources, *map(str, rule.get("apiGroups") or [])]
    paths = [str(path) for path in rule.get("nonResourceURLs") or []]
    if any("*" in part for part in parts) or "*" in paths or "/*" in paths:
        yield f"allows {', '.join(verbs)} of {', '.join([*resources, *paths])}"
        return
    writes = [verb for verb in verbs if verb not in _READS]
    grave = [one for one in resources if one in _GRAVE and (writes or one == "nodes/proxy")]
    if "secrets" in resources and not rule.get("resourceNames") and verbs:
        grave.append("secrets")
    if grave:
        yield f"allows {', '.join(verbs)} of {', '.join(grave)}"
    elif powers := [verb for verb in verbs if verb in _ESCALATE]:
        yield f"allows {', '.join(powers)}"
