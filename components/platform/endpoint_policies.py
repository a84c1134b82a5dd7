"""Ownership of the gateway's paths and host names by namespace, enforced by the API server.

Each route has a claim, an annotation of its namespace (components/claim.py). One policy compares a new claim
with those of all namespaces; the other restricts a route to the claim of its namespace. So a user who may
write routes in a namespace, but not the Namespace itself, cannot take over a path.
https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.platform.entrance import GATEWAY_LABEL

CLAIM = "endpoints.axon.dev/"
"""Prefix of the annotations; the route's name follows."""

_LABEL = next(iter(GATEWAY_LABEL))
# https://kubernetes.io/docs/reference/using-api/cel/ : a stack, a path, and optionally host names
_FORM = "^[A-Za-z0-9._-]+ (/[A-Za-z0-9._~-]+)+( [a-z0-9.*,-]+)?$"
# True if two host names, each of which may be a wildcard, have a host in common.
_OVERLAP = (
    "(g == h || (g.startsWith('*') && h.endsWith(g.substring(1)))"
    " || (h.startsWith('*') && g.endsWith(h.substring(1))))"
)
_CLAIMS_OF = f"filter(k, k.startsWith('{CLAIM}'))"
_CLAIM_VARIABLES = {
    "own": "params.metadata.name == object.metadata.name",
    "mine": "object.metadata.annotations",
    "theirs": "has(params.metadata.annotations) ? params.metadata.annotations : {}",
    # A claim written while the namespace had no label was not compared with other claims.
    "before": "oldObject != null && has(oldObject.metadata.annotations) && "
    f"has(oldObject.metadata.labels) && '{_LABEL}' in oldObject.metadata.labels"
    " ? oldObject.metadata.annotations : {}",
    "changed": f"variables.mine.{_CLAIMS_OF}"
    ".filter(k, !(k in variables.before) || variables.before[k] != variables.mine[k])",
    # Each claim as a list: annotation, stack, path, and host names if the claim is limited to some.
    "claimed": "variables.changed.map(k, [k] + variables.mine[k].split(' ')).filter(m, size(m) > 2)",
    "others": f"variables.theirs.{_CLAIMS_OF}"
    ".map(k, [k] + variables.theirs[k].split(' ')).filter(t, size(t) > 2)",
    # If both claims name hosts, the hosts decide, otherwise the paths. Within a stack the settings check
    # this.
    "taken": "variables.others.filter(t, variables.claimed.exists(m, "
    "!(variables.own && m[0] == t[0]) && (size(m) > 3 && size(t) > 3 "
    f"? !variables.own && m[3].split(',').exists(g, t[3].split(',').exists(h, {_OVERLAP})) "
    ": !(variables.own && m[1] == t[1]) && (m[2] == t[2] || m[2].startsWith(t[2] + '/') || "
    "t[2].startsWith(m[2] + '/')))))",
}


class EndpointPolicies(pulumi.ComponentResource):
    """Two ValidatingAdmissionPolicies: for claims, and for the gateway's routes."""

    def __init__(
        self,
        name: str,
        gateway: str,
        gateway_namespace: str,
        owner: str,
        hosts: pulumi.Output[Sequence[str]],
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the policies. `owner` is the only namespace that may claim the gateway's own names,
        `hosts`.
        """
        super().__init__("axon:platform:EndpointPolicies", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._policy(
            f"{name}-claims",
            hosts.apply(lambda known: claims_policy(owner, known)),
            paramRef={
                "selector": {"matchLabels": dict(GATEWAY_LABEL)},
                "parameterNotFoundAction": "Allow",
            },
        )
        self._policy(f"{name}-routes", routes_policy(gateway, gateway_namespace))
        self.register_outputs({})

    def _policy(self, name: str, spec: pulumi.Input[Mapping[str, Any]], **binding: Any) -> None:
        metadata = k8s.meta.v1.ObjectMetaArgs(name=name)
        policy = k8s.admissionregistration.v1.ValidatingAdmissionPolicy(
            name,
            metadata=metadata,
            spec=spec,  # pyright: ignore[reportArgumentType]
            opts=self._child,
        )
        bound = {"policyName": policy.metadata.name, "validationActions": ["Deny"], **binding}
        k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
            name,
            metadata=metadata,
            spec=bound,  # pyright: ignore[reportArgumentType]
            opts=self._child,
        )


def claims_policy(owner: str, hosts: Sequence[str]) -> dict[str, Any]:
    """Return the policy for claims: `params` is each labeled Namespace in turn, including the claim's own."""
    return {
        "failurePolicy": "Fail",
        "paramKind": {"apiVersion": "v1", "kind": "Namespace"},
        "matchConstraints": _on("", "v1", "namespaces"),
        "matchConditions": [
            {
                "name": "has-claims",
                "expression": "has(object.metadata.annotations) && "
                f"object.metadata.annotations.exists(k, k.startsWith('{CLAIM}'))",
            }
        ],
        "variables": [{"name": name, "expression": text} for name, text in _CLAIM_VARIABLES.items()],
        "validations": [
            {
                "expression": f"variables.changed.all(k, variables.mine[k].matches('{_FORM}'))",
                "message": f"a claim ({CLAIM}ROUTE) is: STACK /path, then host names, by commas",
            },
            {
                "expression": "size(variables.taken) == 0",
                "messageExpression": "'the endpoint ' + variables.taken[0][2] + ' is claimed already: by ' + "
                "variables.taken[0][0] + ' of namespace ' + params.metadata.name",
            },
            {
                "expression": f"object.metadata.name == '{owner}' || variables.claimed.all(m, size(m) < 4 || "
                f"m[3].split(',').all(g, !{json.dumps(list(hosts))}.exists(h, {_OVERLAP})))",
                "message": "the host name is the gateway's own",
            },
            {
                "expression": "variables.claimed.all(m, size(m) < 4 || "
                "m[3].split(',').all(g, !g.matches('^[0-9.]+$')))",
                "message": "an address is no host name",
            },
        ],
    }


def routes_policy(gateway: str, gateway_namespace: str) -> dict[str, Any]:
    """Return the policy for routes: each must match the claim of its name."""
    return {
        "failurePolicy": "Fail",
        "matchConstraints": _on("gateway.networking.k8s.io", "*", "httproutes"),
        "matchConditions": [
            {
                "name": "of-the-gateway",
                "expression": "has(object.spec.parentRefs) && object.spec.parentRefs.exists(p, "
                f"p.name == '{gateway}' && has(p.namespace) && p.namespace == '{gateway_namespace}')",
            },
            # A preview does not persist its claim, so the preview's route would always be rejected.
            {"name": "for-good", "expression": "!has(request.dryRun) || !request.dryRun"},
            {"name": "not-ending", "expression": "!has(object.metadata.deletionTimestamp)"},
            # A metadata-only update, such as Pulumi's before a change of the route's path, takes no endpoint:
            # its claim may be the new one already.
            {
                "name": "of-the-spec",
                "expression": "request.operation == 'CREATE' || object.spec != oldObject.spec",
            },
        ],
        "variables": [
            {"name": "key", "expression": f"'{CLAIM}' + object.metadata.name"},
            {
                "name": "claim",
                "expression": "has(namespaceObject.metadata.annotations) && "
                "variables.key in namespaceObject.metadata.annotations "
                "? namespaceObject.metadata.annotations[variables.key].split(' ') : ['', '']",
            },
        ],
        "validations": [
            {
                "expression": "variables.claim[1] != ''",
                "messageExpression": "'namespace ' + object.metadata.namespace + ' has no claim for this "
                "route: its annotation ' + variables.key + ' is missing'",
            },
            {
                "expression": "has(object.spec.rules) && object.spec.rules.all(r, has(r.matches) && "
                "size(r.matches) > 0 && r.matches.all(m, has(m.path) && has(m.path.type) && "
                "has(m.path.value) && m.path.type in ['PathPrefix', 'Exact'] && "
                "(m.path.value == variables.claim[1] || "
                "m.path.value.startsWith(variables.claim[1] + '/'))))",
                "messageExpression": "'every match of this route has to be a path at or beneath its claim, "
                "\"' + variables.claim[1] + '\"'",
            },
            {
                "expression": "size(variables.claim) < 3 "
                "? !has(object.spec.hostnames) || size(object.spec.hostnames) == 0 "
                ": has(object.spec.hostnames) && size(object.spec.hostnames) > 0 && "
                "object.spec.hostnames.all(h, h in variables.claim[2].split(','))",
                "message": "this route's host names are not those of its claim",
            },
        ],
    }


def _on(group: str, version: str, resource: str) -> dict[str, Any]:
    rule = {
        "apiGroups": [group],
        "apiVersions": [version],
        "operations": ["CREATE", "UPDATE"],
        "resources": [resource],
        "scope": "*",
    }
    return {"resourceRules": [rule], "matchPolicy": "Equivalent"}
