"""The check itself: it finds what botocore sends and AWS refuses."""

from typing import Any

import pytest

from tests.aws_models.models import violations


@pytest.mark.parametrize(
    ("service", "operation", "params", "found"),
    [
        ("kms", "CreateAlias", {"AliasName": "alias/a"}, ".TargetKeyId is required"),
        ("kms", "CreateKey", {"Descriptoin": "a"}, ".Descriptoin: no such member"),
        (
            "eks",
            "CreateAddon",
            {"clusterName": "a", "addonName": "b", "resolveConflicts": "KEEP"},
            "not one of",
        ),
        ("iam", "CreateRole", {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"}, "does not match"),
        ("iam", "CreateRole", {"RoleName": "a" * 65, "AssumeRolePolicyDocument": "{}"}, "more than 64"),
        ("kms", "ScheduleKeyDeletion", {"KeyId": "a", "PendingWindowInDays": 0}, "fewer than 1"),
        ("ec2", "CreateVpc", {"CidrBlock": 10}, ".CidrBlock: 10 is not a string"),
    ],
)
def test_what_aws_refuses_is_found(service: str, operation: str, params: dict[str, Any], found: str) -> None:
    assert found in "\n".join(violations(service, operation, params))


def test_what_aws_takes_is_not() -> None:
    assert (
        list(violations("kms", "CreateKey", {"Description": "a", "Tags": [{"TagKey": "a", "TagValue": ""}]}))
        == []
    )
