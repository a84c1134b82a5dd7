"""An AWS account on moto, which checks each call against AWS' models before it sends it.

moto is in this process (`mock_aws`), or a process of its own (server.py). Nothing ever reaches AWS: the
credentials are made up.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.aws_models.models import operation, violations
from tests.aws_models.requests import shaped

ACCOUNT = "111122223333"
# What moto does not have: their models are checked, and nothing is sent.
NOT_IN_MOTO = {
    "AssociateAccessPolicy",
    "CreateAccessEntry",
    "CreateAddon",
    "CreateOrUpdateTags",  # without an Auto Scaling group, which EKS makes
    "CreatePodIdentityAssociation",
    "CreatePullThroughCacheRule",
    "CreateRepositoryCreationTemplate",
    "DeleteAccessEntry",
    "DeleteAddon",
    "DeletePodIdentityAssociation",
    "DeletePullThroughCacheRule",
    "DeleteRepositoryCreationTemplate",
    "DeleteTags",
    "DisassociateAccessPolicy",
    "UpdateAddon",
}
_CREDENTIALS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
# What moto cannot answer at first it cannot answer later, either.
_RETRIES = Config(retries={"max_attempts": 1})


class Finding(NamedTuple):
    """What AWS would refuse."""

    resource: str
    text: str

    def __str__(self) -> str:
        return f"{self.resource}: {self.text}"


class Refused(Exception):
    """AWS would not make the resource; the reason is among the findings."""


@dataclass
class Account:
    """What a stack's resources become on AWS, and what AWS would refuse of them."""

    region: str
    endpoint: str | None = None
    """Where moto answers, if it is a process of its own."""

    strict: bool = False
    """Whether a call that breaks AWS' models is refused, as AWS does, or sent to learn what else is wrong."""

    findings: list[Finding] = field(default_factory=list)
    calls: int = 0
    scaling_groups: dict[str, str] = field(default_factory=dict)
    """The Auto Scaling group of each node group, by the program's name of it."""

    def note(self, resource: str, text: str) -> None:
        """Keep a finding."""
        self.findings.append(Finding(resource, text))

    def send(self, resource: str, service: str, name: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Check a call and make it.

        Raises:
            Refused: when moto does not take it, or a strict account when AWS' models do not.
        """
        given = {key: value for key, value in params.items() if value is not None}
        given = shaped(given, operation(service, name).input_shape)
        self.calls += 1
        for text in violations(service, name, given):
            self.note(resource, f"{service}:{name}{text}")
            if self.strict:
                raise Refused(text)
        if name in NOT_IN_MOTO:
            return {}
        try:
            return getattr(self.client(service), xform_name(name))(**given)
        except (ClientError, BotoCoreError, NotImplementedError) as error:
            self.note(resource, f"{service}:{name}: {error}")
            raise Refused(str(error)) from None

    def client(self, service: str) -> Any:
        """Return boto3's client of a service, for calls whose parameters are not a stack's."""
        return client(service, self.region, self.endpoint)


@cache
def client(service: str, region: str, endpoint: str | None = None) -> Any:
    """Return boto3's client, made once: its models take a while to read."""
    given: dict[str, Any] = {"region_name": region, "endpoint_url": endpoint, "config": _RETRIES}
    return boto3.client(service, **given, **_CREDENTIALS)  # pyright: ignore[reportCallIssue, reportArgumentType]
