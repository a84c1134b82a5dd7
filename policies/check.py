"""What a policy is, and what it is asked about."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

Level = Literal["mandatory", "advisory"]
# What the engine writes for a value that is known only once the change is made.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True)
class Resource:
    """A resource as the change would leave it; `inputs` are the last known ones of what would be deleted."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    op: Literal["create", "update", "replace", "delete"] = "create"
    protected: bool = False
    of_platform: bool = False
    """Whether an add-on of the platform owns it: some need what no model may have."""


@dataclass(frozen=True)
class Context:
    """What a policy may know beside the resource."""

    production: bool = False
    """Whether the stack is one that users depend on: there policies are mandatory."""

    registries: tuple[str, ...] = ()
    """Where images may come from."""

    tls: bool = False
    """Whether clients' connections are encrypted."""

    budget: Decimal | None = None
    cost: Decimal | None = None
    """What the stack costs a month at least."""


Check = Callable[[Resource, Context], Iterator[str]]


@dataclass(frozen=True)
class Policy:
    """One thing that a change must not bring."""

    name: str
    what: str
    """What is wrong, as a sentence without its subject."""

    fix: str
    check: Check
    """Yields a text for each thing that is wrong with a resource."""

    types: tuple[str, ...] = ()
    """The resource types that it looks at, each also as a prefix. None: the stack as a whole, once."""

    always: Level | None = None
    """Its level where that does not depend on the stack."""

    def level(self, context: Context) -> Level:
        """Return whether a violation stops the change: in production it does, elsewhere it is advice."""
        return self.always or ("mandatory" if context.production else "advisory")


@dataclass(frozen=True)
class Violation:
    """A policy that a change does not keep."""

    policy: Policy
    subject: str
    message: str
    level: Level


THE_STACK = Resource("axon:stack", "the stack", {}, "update")


def violations(
    policies: Sequence[Policy], resources: Iterable[Resource], context: Context
) -> list[Violation]:
    """Return what does not keep the policies, mandatory ones first."""
    everything = list(resources)
    found = [
        Violation(policy, resource.name, message, policy.level(context))
        for policy in policies
        for resource in (_concerned(policy, everything) if policy.types else [THE_STACK])
        for message in _messages(policy, resource, context)
    ]
    unique = {(v.policy.name, v.subject, v.message): v for v in found}
    return sorted(unique.values(), key=lambda v: (v.level == "advisory", v.policy.name, v.subject))


def _messages(policy: Policy, resource: Resource, context: Context) -> list[str]:
    """Ask a policy. What it cannot read it does not let pass."""
    try:
        return list(policy.check(resource, context))
    except (AttributeError, TypeError, ValueError, KeyError, IndexError):
        return ["is of a form that this policy cannot read"]


def _concerned(policy: Policy, resources: Sequence[Resource]) -> list[Resource]:
    return [resource for resource in resources if resource.type.startswith(policy.types)]
