"""Policy documents of AWS: their statements, and what of them is wider than one thing.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from policies.check import UNKNOWN

Statement = Mapping[str, Any]
_READS = ("describe", "get", "list", "batchget")
# Parts of a name before a wildcard that say whose things are meant; shorter ones say next to nothing.
_LEAST = 3
# Services whose ARNs begin with a name, not with a kind of thing.
_NAMES_FIRST = ("s3", "sqs", "sns")


class UnreadableError(Exception):
    """What stands in a document's place is no JSON."""


def statements(document: object) -> Iterator[Statement]:
    """Yield what a document allows; nothing where it is known only after `up`.

    Raises:
        UnreadableError: when it is no policy document.
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
    """Return a list of what may stand alone."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _before_wildcard(text: str) -> str:
    return text.replace("?", "*").partition("*")[0]


def has_wildcard(text: str) -> bool:
    """Whether a text stands for several."""
    return "*" in text or "?" in text


def is_wide_action(action: str) -> bool:
    """Whether an action is more than one: but for reads, whose verb says what they do."""
    service, colon, name = action.lower().partition(":")
    if not colon or has_wildcard(service):
        return True
    return has_wildcard(name) and not _before_wildcard(name).startswith(_READS)


def is_read(action: str) -> bool:
    """Whether an action only reads, by its verb."""
    return _before_wildcard(action.lower().partition(":")[2]).startswith(_READS)


def is_wide_resource(arn: str) -> bool:
    """Whether an ARN names everything, everything of a service or everything of a kind."""
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


# What limits a statement to some things, or to some callers.
_OF_THINGS = ("resourcetag/", "requesttag/")
_KEYS_OF_THINGS = frozenset(
    {
        *("aws:sourcearn", "aws:sourceaccount", "aws:resourceaccount", "aws:resourceorgid"),
        *("kms:viaservice", "ec2:createaction", "ec2:vpc", "ec2:subnet", "cloudwatch:namespace"),
        *("iam:awsservicename", "iam:passedtoservice", "iam:permissionsboundary", "dynamodb:leadingkeys"),
        *("s3:prefix", "s3:existingobjecttag", "s3:dataaccesspointarn", "kms:encryptioncontext:aws:ebs:id"),
    }
)
_KEYS_OF_CALLERS = frozenset(
    {
        *("aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce"),
        *("aws:principalorgid", "aws:principalarn", "aws:principalaccount", "kms:calleraccount"),
    }
)
_OPERATORS = ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike")


def limits_things(statement: Statement) -> bool:
    """Whether a condition limits a statement to some things: by their tags, their owner or their purpose."""
    return any(
        key in _KEYS_OF_THINGS or key.partition(":")[2].startswith(_OF_THINGS)
        for key in _limiting_keys(statement)
    )


def limits_callers(statement: Statement) -> bool:
    """Whether a condition limits who may do what a statement allows."""
    return any(key in _KEYS_OF_CALLERS or key.endswith(":sub") for key in _limiting_keys(statement))


def _limiting_keys(statement: Statement) -> Iterator[str]:
    """Yield the keys, in small letters, whose values say something.

    Not those that are true where the key is missing (`…IfExists`, `ForAllValues:`), or of everything but one
    thing (`StringNotEquals`), or whose value is a wildcard.
    """
    condition = statement.get("Condition")
    for operator, compared in condition.items() if isinstance(condition, Mapping) else ():
        name = str(operator).lower().removeprefix("foranyvalue:")
        if not isinstance(compared, Mapping):
            continue
        for key, values in compared.items():
            if _says(name, [str(value) for value in as_list(values)]):
                yield str(key).lower()


def _says(operator: str, values: list[str]) -> bool:
    if operator == "null":
        return [value.lower() for value in values] == ["false"]
    return operator in _OPERATORS and bool(values) and all(_before_wildcard(v).strip("/:") for v in values)
