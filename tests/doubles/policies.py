"""Policy documents: those of IAM as moto's own validator sees them, the others as JSON."""

import json
from collections.abc import Iterator
from typing import Any

from tests.doubles.wire import Properties, known

_JSON = ("policy", "accessPolicy", "redrivePolicy", "configurationValues", "repositoryPolicy")
_SIZES = {"aws:iam/policy:Policy": 6144, "aws:iam/rolePolicy:RolePolicy": 10240}


def policy_failures(token: str, properties: Properties) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the documents of a resource."""
    for name in _JSON:
        document = properties.get(name)
        if known(document) and isinstance(document, str):
            yield from _of_iam(name, document, token) if _is_iam(token, name) else _json(name, document)
    trust = properties.get("assumeRolePolicy")
    if known(trust) and isinstance(trust, str):
        yield from _validated("assumeRolePolicy", trust, trust=True)
    for index, inline in enumerate(properties.get("inlinePolicies") or []):
        if isinstance(inline, dict) and known(inline.get("policy")):
            yield from _validated(f"inlinePolicies[{index}].policy", inline["policy"])


def _is_iam(token: str, name: str) -> bool:
    return token.startswith("aws:iam/") and name == "policy"


def _of_iam(name: str, document: str, token: str) -> Iterator[tuple[str, str]]:
    limit = _SIZES.get(token)
    size = len("".join(document.split()))
    if limit and size > limit:
        yield name, f"{size} characters are more than the {limit} of a policy (LimitExceeded)"
    yield from _validated(name, document)


def _validated(name: str, document: str, *, trust: bool = False) -> Iterator[tuple[str, str]]:
    from moto.iam import policy_validation as moto  # (most of this process' start otherwise)

    validator: Any = moto.IAMTrustPolicyDocumentValidator if trust else moto.IAMPolicyDocumentValidator
    try:
        validator(document).validate()
    except Exception as error:
        yield name, f"MalformedPolicyDocument: {getattr(error, 'message', error)}"


def _json(name: str, document: str) -> Iterator[tuple[str, str]]:
    try:
        json.loads(document)
    except ValueError as error:
        yield name, f"not JSON: {error}"
