"""IAM's answer to a request, by the rules of its documentation.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

Statement = Mapping[str, Any]
Context = Mapping[str, str]


def statements(document: str) -> list[Statement]:
    """The statements of a policy document."""
    return json.loads(document)["Statement"]


def allowed(
    policies: Iterable[Statement],
    action: str,
    resource: str = "*",
    context: Context | None = None,
    *,
    boundary: Iterable[Statement] | None = None,
) -> bool:
    """Say whether these statements, within a boundary if there is one, allow a request."""
    found = context or {}
    own = _decided(policies, action, resource, found)
    return own and (boundary is None or _decided(boundary, action, resource, found))


def _decided(policies: Iterable[Statement], action: str, resource: str, context: Context) -> bool:
    effects = {one["Effect"] for one in policies if _applies(one, action, resource, context)}
    return effects == {"Allow"}


def _applies(statement: Statement, action: str, resource: str, context: Context) -> bool:
    return (
        any(matches(pattern.lower(), action.lower()) for pattern in _many(statement["Action"]))
        and any(matches(pattern, resource) for pattern in _many(statement["Resource"]))
        and all(
            _HOLDS[operator](context.get(key), _many(values))
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def matches(pattern: str, text: str) -> bool:
    """Say whether a pattern of IAM, with `*` and `?`, covers a text."""
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in pattern)
    return re.compile("".join(parts))


def _many(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


# What a condition says of a key of the request, which may not be there.
_HOLDS = {
    "Bool": lambda found, values: found is not None and found in values,
    "ForAnyValue:StringLike": lambda found, values: any(matches(one, found or "") for one in values),
    "Null": lambda found, values: str(found is None).lower() in values,
    "StringEquals": lambda found, values: found is not None and found in values,
    "StringEqualsIfExists": lambda found, values: found is None or found in values,
}
