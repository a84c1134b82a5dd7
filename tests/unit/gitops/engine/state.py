"""The state of a stack: each resource as the engine keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.wire import Properties, name_of, token_of


@dataclass(frozen=True)
class Resource:
    """A resource, or a component."""

    urn: str
    parent: str = ""
    custom: bool = True
    """Whether a provider manages it: a component only holds others."""

    inputs: Properties = field(default_factory=dict[str, Any])
    outputs: Properties = field(default_factory=dict[str, Any])
    id: str = ""
    protect: bool = False

    @property
    def token(self) -> str:
        """The type token, such as `aws:ec2/vpc:Vpc`."""
        return token_of(self.urn)

    @property
    def name(self) -> str:
        """The name in the program."""
        return name_of(self.urn)

    def document(self) -> dict[str, Any]:
        """Return it as the JSON of a preview has it."""
        kept = {"id": self.id} if self.id else {}
        protect = {"protect": True} if self.protect else {}
        inputs = {key: value for key, value in self.inputs.items() if not key.startswith("__")}
        return {
            "urn": self.urn,
            "type": self.token,
            "custom": self.custom,
            "parent": self.parent,
            "inputs": inputs,
            **kept,
            **protect,
        }


State = Mapping[str, Resource]
"""Resources by URN."""


def urn_of(stack: str, parent: str, token: str, name: str) -> str:
    """Return a resource's URN: the types of its parents are part of it."""
    types = f"{parent.split('::')[2]}${token}" if parent else token
    return f"urn:pulumi:{stack}::axon::{types}::{name}"
