"""AWS policy documents: their statements, and which actions and resources are too broad.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from policies.check import UNKNOWN

Statement = Mapping[str, Any]
_READS = ("describe", "get", "list", "batchget")
# The shortest prefix before a wildcard that limits a name.
_LEAST = 3
# Services whose ARNs begin with a name, not with a resource type.
_NAMES_FIRST = ("s3", "sqs", "sns")


class UnreadableError(Exception):
    """A policy document is not valid JSON, or not a policy document."""


def statements(document: object) -> Iterator[Statement]:
    """Yield the statements that allow something; none if the document is known only after the update.

    Raises:
        UnreadableError: when it is not a policy document.
    """
    if document is None or document == UNKNOWN:
        return
    try:
        content = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        raise UnreadableError from None
    if not isinstance(content, Mapping):
        raise UnreadableError
    for statement in as_list(content.get("Statement", [])):
        if not isinstance(statement, Mapping):
            raise UnreadableError
        if statement.get("Effect") != "Deny":
            yield statement


def as_list(value: Any) -> list[Any]:
    """Return a value that may be a list or a single item as a list."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _before_wildcard(text: str) -> str:
    return text.replace("?", "*").partition("*")[0]


def has_wildcard(text: str) -> bool:
    """Whether a text has a wildcard."""
    return "*" in text or "?" in text


def is_wide_action(action: str) -> bool:
    """Whether an action pattern matches several actions, except reads with the same verb."""
    service, colon, name = action.lower().partition(":")
    if not colon or has_wildcard(service):
        return True
    return has_wildcard(name) and not _before_wildcard(name).startswith(_READS)


def is_read(action: str) -> bool:
    """Whether an action only reads, judged by its verb."""
    return _before_wildcard(action.lower().partition(":")[2]).startswith(_READS)


def is_wide_resource(arn: str) -> bool:
    """Whether an ARN matches everything, or all resources of a service or of a type."""
    if arn == UNKNOWN:
        return False
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or has_wildcard(parts[1]) or has_wildcard(parts[2]):
        return True
    service, name = parts[2], parts[5]
    if service not in _NAMES_FIRST:
        kind = min((name.find(sign) for sign in "/:" if sign in name), default=-1)
        name = name[kind + 1 :]
    return has_wildcard(name) and len(_before_wildcard(name).strip("/:")) < _LEAST


# Condition keys that limit a statement to some resources, or to some callers.
_TAG_KEYS = ("resourcetag/", "requesttag/")
_RESOURCE_KEYS = frozenset(
    {
        *("aws:sourcearn", "aws:sourceaccount", "aws:resourceaccount", "aws:resourceorgid"),
        *("kms:viaservice", "ec2:createaction", "ec2:vpc", "ec2:subnet", "cloudwatch:namespace"),
        *("iam:awsservicename", "iam:passedtoservice", "iam:permissionsboundary", "dynamodb:leadingkeys"),
        *("s3:prefix", "s3:existingobjecttag", "s3:dataaccesspointarn", "kms:encryptioncontext:aws:ebs:id"),
    }
)
_CALLER_KEYS = frozenset(
    {
        *("aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce"),
        *("aws:principalorgid", "aws:principalarn", "aws:principalaccount", "kms:calleraccount"),
    }
)
_OPERATORS = ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike")


def limits_resources(statement: Statement) -> bool:
    """Whether a condition limits a statement to some resources: by tag, owner or purpose."""
    return any(
        key in _RESOURCE_KEYS or key.partition(":")[2].startswith(_TAG_KEYS)
        for key in _limiting_keys(statement)
    )


def limits_callers(statement: Statement) -> bool:
    """Whether a condition limits the callers of a statement."""
    return any(key in _CALLER_KEYS or key.endswith(":sub") for key in _limiting_keys(statement))


def _limiting_keys(statement: Statement) -> Iterator[str]:
    """Yield the condition keys, in lowercase, whose values limit a statement.

    Conditions that hold if the key is missing (`…IfExists`, `ForAllValues:`), negative ones
    (`StringNotEquals`) and wildcards do not.
    """
    condition = statement.get("Condition")
    for operator, compared in condition.items() if isinstance(condition, Mapping) else ():
        name = str(operator).lower().removeprefix("foranyvalue:")
        if not isinstance(compared, Mapping):
            continue
        for key, values in compared.items():
            if _is_limiting(name, [str(value) for value in as_list(values)]):
                yield str(key).lower()


def _is_limiting(operator: str, values: list[str]) -> bool:
    if operator == "null":
        return [value.lower() for value in values] == ["false"]
    return operator in _OPERATORS and bool(values) and all(_before_wildcard(v).strip("/:") for v in values)
