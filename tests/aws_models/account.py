"""An AWS account on moto, which checks each call against AWS' models before it sends it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import boto3
from botocore import xform_name
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
    "UpdateAddon",
}


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
            Refused: when moto does not take it.
        """
        given = {key: value for key, value in params.items() if value is not None}
        given = shaped(given, operation(service, name).input_shape)
        self.calls += 1
        for text in violations(service, name, given):
            self.note(resource, f"{service}:{name}{text}")
        if name in NOT_IN_MOTO:
            return {}
        try:
            return getattr(client(service, self.region), xform_name(name))(**given)
        except (ClientError, BotoCoreError, NotImplementedError) as error:
            self.note(resource, f"{service}:{name}: {error}")
            raise Refused(str(error)) from None


@cache
def client(service: str, region: str) -> Any:
    """Return boto3's client, made once: its models take a while to read."""
    return boto3.client(service, region_name=region)  # pyright: ignore[reportCallIssue, reportArgumentType]
