"""Access control of a route."""

from collections.abc import Sequence
from typing import Any

from stacks.settings.networking import ApiKeys, Cors, Jwt, Networking


def security_policy(networking: Networking) -> dict[str, Any]:
    """Return the spec of a route's SecurityPolicy, without its target; empty for a public route.

    Source: https://gateway.envoyproxy.io/docs/api/extension_types/#securitypolicyspec
    """
    spec: dict[str, Any] = {}
    auth = networking.auth
    if auth and auth.api_keys:
        spec["apiKeyAuth"] = _api_keys(auth.api_keys)
    if auth and auth.jwt:
        spec["jwt"] = {"providers": [_provider(auth.jwt)]}
    if networking.allow:
        rule = {"action": "Allow", "principal": {"clientCIDRs": networking.allow}}
        spec["authorization"] = {"defaultAction": "Deny", "rules": [rule]}
    if networking.cors:
        spec["cors"] = _cors(networking.cors)
    return spec


def without_token(networking: Networking, rules: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a route's rules so that replicas do not receive the token that the gateway has validated.

    The gateway can remove an API key during validation, but not a token; the route removes the token later.
    """
    jwt = networking.auth.jwt if networking.auth else None
    if jwt is None or jwt.forward:
        return list(rules)
    taken = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["authorization"]}}
    return [{**rule, "filters": [*rule.get("filters", []), taken]} for rule in rules]


def _api_keys(keys: ApiKeys) -> dict[str, Any]:
    return {
        # All defaults are explicit, as the API server sets them: otherwise each preview would have a
        # difference.
        "credentialRefs": [{"group": "", "kind": "Secret", "name": name} for name in keys.secret_names],
        "extractFrom": [{"headers": [keys.header]}],
        "sanitize": not keys.forward,
    }


def _provider(jwt: Jwt) -> dict[str, Any]:
    keys: dict[str, Any] = {"remoteJWKS": {"uri": jwt.jwks_url}}
    if jwt.jwks_config_map:
        reference = {"group": "", "kind": "ConfigMap", "name": jwt.jwks_config_map}
        keys = {"localJWKS": {"type": "ValueRef", "valueRef": reference}}
    # Not in the query, where the gateway looks by default: logs contain URLs.
    where = {"headers": [{"name": "Authorization", "valuePrefix": "Bearer "}]}
    return {
        "name": "issuer",
        "issuer": jwt.issuer,
        "audiences": jwt.audiences,
        "extractFrom": where,
        **keys,
    }


def _cors(cors: Cors) -> dict[str, Any]:
    return {
        "allowOrigins": cors.allow_origins,
        "allowMethods": cors.allow_methods,
        "allowHeaders": cors.allow_headers,
        "exposeHeaders": cors.expose_headers,
        "allowCredentials": cors.allow_credentials,
        "maxAge": cors.max_age,
    }
