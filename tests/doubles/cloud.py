"""The calls of AWS by which the doubles' provider makes, changes and deletes resources.

Each call is checked against AWS' own models and made on moto. Calls are made one after the other: moto is not
written for several at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from threading import Lock

from tests.aws_models import calls
from tests.aws_models.account import Account
from tests.aws_models.calls import changes, deletion
from tests.aws_models.resource import Made, Resource
from tests.doubles import account as doubles
from tests.doubles.wire import Properties

_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class Cloud:
    """moto, as the provider of a region calls it."""

    endpoint: str | None
    """Where moto answers: None where it is in this process (`mock_aws`), "" where there is none."""

    region: str

    def create(self, token: str, name: str, inputs: Properties) -> Made:
        """Make a resource.

        Raises:
            RefusedError: when AWS' models or moto refuse a call.
        """
        with self._account() as account:
            return calls.create(_resource(token, name, inputs, account))

    def change(self, row: doubles.Resource, inputs: Properties) -> None:
        """Let a resource have other inputs.

        Raises:
            RefusedError: when AWS' models or moto refuse a call.
        """
        with self._account() as account:
            resource = _resource(row.token, row.name, inputs, account)
            if row.token in changes.AGAIN:
                calls.create(resource)
            else:
                changes.change(resource, row.id)

    def delete(self, row: doubles.Resource) -> None:
        """Delete a resource.

        Raises:
            RefusedError: when AWS' models or moto refuse a call.
        """
        with self._account() as account:
            deletion.delete(_resource(row.token, row.name, row.inputs, account), row.id)

    @contextmanager
    def _account(self) -> Iterator[Account]:
        if self.endpoint == "":
            raise doubles.RefusedError("the account is not open: make resources inside `with account:`")
        account = Account(self.region, self.endpoint, strict=True)
        with _ONE_AT_A_TIME:
            yield account
        if account.findings:
            raise doubles.RefusedError("; ".join(str(finding) for finding in account.findings))


def _resource(token: str, name: str, inputs: Properties, account: Account) -> Resource:
    """Return a resource as the table of calls takes it, with inputs that are its own to use up."""
    given = {key: value for key, value in inputs.items() if not key.startswith("__")}
    return Resource(token, name, deepcopy(given), account)
