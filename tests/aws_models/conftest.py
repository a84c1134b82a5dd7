"""One account on moto for all tests here: AWS' own policies take a while to read."""

import itertools
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.aws_models.account import ACCOUNT


@pytest.fixture(scope="package", autouse=True)
def aws() -> Iterator[None]:
    """Answer every call of boto3's with moto, and none with AWS."""
    from moto import mock_aws  # which takes a second

    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        # The local state, which `make test` runs with, and stacks on AWS refuse.
        patch.delenv("PULUMI_BACKEND_URL", raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
        _as_route_53_names_zones()
        with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
            yield


def _as_route_53_names_zones() -> None:
    """Let ids of hosted zones begin with Z, which moto's do by chance alone."""
    from moto.utilities.id_generator import moto_id_manager

    numbers = itertools.count(1)

    def source(context: Any) -> str | None:
        kind = context["resource_identifier"].resource
        return f"Z{next(numbers):020}" if kind == "hosted_zone" else None

    moto_id_manager.add_id_source(source)


@pytest.fixture
def empty_account(aws: None) -> None:
    """Forget what other tests have made under names that are the same in each."""
    from moto.backends import get_backend

    for service in ("ecr", "iam", "kms", "s3"):
        get_backend(service).reset()
