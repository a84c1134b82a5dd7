"""The check of policies itself: it finds what IAM takes and what then allows nothing."""

import json
from typing import Any

import pytest

from tests.aws_models.authorization import problems

BUCKET, QUEUE = "arn:aws:s3:::models", "arn:aws:sqs:eu-west-1:111122223333:jobs"


def found(action: str | list[str], resource: str, condition: dict[str, Any] | None = None) -> list[str]:
    """What is wrong with a policy of one statement."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": action, "Resource": resource}
    if condition:
        statement["Condition"] = {"StringEquals": condition}
    return list(problems(json.dumps({"Version": "2012-10-17", "Statement": [statement]})))


@pytest.mark.parametrize(
    ("action", "resource", "condition", "message"),
    [
        ("s3:ReadObject", "*", {}, "s3:ReadObject: no such action"),
        ("s4:*", "*", {}, "s4:*: no such action"),
        ("s3:GetObject", BUCKET, {}, f"s3:GetObject: is of none of {BUCKET}"),
        ("ec2:DescribeImages", QUEUE, {}, f"ec2:DescribeImages: is of none of {QUEUE}"),
        (
            "ec2:DescribeInstances",
            "*",
            {"aws:ResourceTag/team": "a"},
            "ec2:DescribeInstances: aws:ResourceTag/team is no condition key of it",
        ),
        ("sqs:SendMessage", "*", {"s3:prefix": "a/"}, "sqs:SendMessage: s3:prefix is no condition key of it"),
        (["s3:GetObject", "s3:ListBucket"], f"{BUCKET}/*", {}, f"s3:ListBucket: is of none of {BUCKET}/*"),
    ],
)
def test_what_allows_nothing_is_found(
    action: str | list[str], resource: str, condition: dict[str, Any], message: str
) -> None:
    assert message in found(action, resource, condition)


@pytest.mark.parametrize(
    ("action", "resource", "condition"),
    [
        ("s3:GetObject", f"{BUCKET}/iris/*", {}),
        ("s3:ListBucket", BUCKET, {"s3:prefix": "iris/"}),
        ("ec2:*", "*", {"aws:RequestedRegion": "eu-west-1"}),
        ("autoscaling:SetDesiredCapacity", "*", {"aws:ResourceTag/k8s.io/cluster-autoscaler/a": "owned"}),
        ("iam:PassRole", "arn:aws:iam::111122223333:role/a-*", {"iam:PassedToService": "ec2.amazonaws.com"}),
    ],
)
def test_what_allows_something_is_taken(action: str, resource: str, condition: dict[str, Any]) -> None:
    assert found(action, resource, condition) == []
