"""A resource on its way to AWS: its inputs, each of which has to reach a call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.aws_models.account import ACCOUNT, Account
from tests.aws_models.names import pulumi_name, terraform_name


class Made(NamedTuple):
    """What AWS called it, and what else the program reads of it."""

    id: str
    outputs: Mapping[str, Any] = {}


@dataclass
class Resource:
    """A resource, with its inputs as the provider is given them."""

    token: str
    name: str
    inputs: dict[str, Any]
    account: Account

    @property
    def title(self) -> str:
        """What findings call it."""
        return f"{self.token.split(':')[2]} {self.name}"

    @property
    def region(self) -> str:
        return self.account.region

    def take(self, key: str, default: Any = None) -> Any:
        """Return an input, which no later call gets."""
        return self.inputs.pop(key, default)

    def own_name(self, key: str = "name", prefix: str = "namePrefix") -> str:
        """Return the name that the program gives, or that its provider makes up."""
        given, start = self.take(key), self.take(prefix)
        return given or (terraform_name(start) if start else pulumi_name(self.name))

    def tags(self, kind: str) -> list[dict[str, Any]] | None:
        """Return the tags as EC2 takes them when it makes something."""
        tags = self.take("tags")
        return [{"ResourceType": kind, "Tags": tags}] if tags else None

    def call(self, service: str, operation: str, /, **params: Any) -> dict[str, Any]:
        """Make a call of these parameters alone."""
        return self.account.send(self.title, service, operation, params)

    def create(
        self, service: str, operation: str, /, renamed: Mapping[str, str] | None = None, **params: Any
    ) -> dict[str, Any]:
        """Make a call of these parameters and of all inputs that are left, some under another name."""
        left = {(renamed or {}).get(key, key): value for key, value in self.inputs.items()}
        self.inputs.clear()
        return self.account.send(self.title, service, operation, {**left, **params})

    def arn(self, service: str, rest: str) -> str:
        """Return an ARN of the account and region."""
        return f"arn:aws:{service}:{self.region}:{ACCOUNT}:{rest}"
