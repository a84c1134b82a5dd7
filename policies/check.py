"""Policies, the resources that they check, and their violations."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

Level = Literal["mandatory", "advisory"]
# Pulumi's mark of a value that is known only after the update.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True)
class Resource:
    """A resource after the change; for a deletion `inputs` are those before it."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    op: Literal["create", "update", "replace", "delete"] = "create"
    protected: bool = False
    of_platform: bool = False
    """Whether a platform add-on owns it: some need access that models must not have."""


@dataclass(frozen=True)
class Context:
    """The facts about a stack that policies depend on."""

    production: bool = False
    """Whether it is a production stack, in which policies are mandatory."""

    registries: tuple[str, ...] = ()
    """The allowed image registries."""

    tls: bool = False
    """Whether client connections are encrypted."""

    budget: Decimal | None = None
    cost: Decimal | None = None
    """The monthly cost of the stack at its minimum size, in US dollars."""


Check = Callable[[Resource, Context], Iterator[str]]


@dataclass(frozen=True)
class Policy:
    """A policy: a check of resources, with the explanation and the fix."""

    name: str
    what: str
    """The violation, as a full sentence."""

    fix: str
    check: Check
    """Yields a message for each violation of a resource, as a sentence without its subject."""

    types: tuple[str, ...] = ()
    """The resource types that it checks, as prefixes. Empty: the stack as a whole, once."""

    always: Level | None = None
    """The level in all stacks; unset: mandatory in production only."""

    def level(self, context: Context) -> Level:
        """Return the level of a violation: mandatory ones block the change."""
        return self.always or ("mandatory" if context.production else "advisory")


@dataclass(frozen=True)
class Violation:
    """A violation of a policy by a resource."""

    policy: Policy
    subject: str
    message: str
    level: Level


THE_STACK = Resource("axon:stack", "the stack", {}, "update")


def violations(
    policies: Sequence[Policy], resources: Iterable[Resource], context: Context
) -> list[Violation]:
    """Return the violations of the policies, mandatory ones first."""
    planned = list(resources)
    found = [
        Violation(policy, resource.name, message, policy.level(context))
        for policy in policies
        for resource in (_matching(policy, planned) if policy.types else [THE_STACK])
        for message in _messages(policy, resource, context)
    ]
    unique = {(v.policy.name, v.subject, v.message): v for v in found}
    return sorted(unique.values(), key=lambda v: (v.level == "advisory", v.policy.name, v.subject))


def _messages(policy: Policy, resource: Resource, context: Context) -> list[str]:
    """Return the messages of one policy. A resource that it cannot read is a violation."""
    try:
        return list(policy.check(resource, context))
    except (AttributeError, TypeError, ValueError, KeyError, IndexError):
        return ["has a form that this policy cannot check"]


def _matching(policy: Policy, resources: Sequence[Resource]) -> list[Resource]:
    return [resource for resource in resources if resource.type.startswith(policy.types)]
