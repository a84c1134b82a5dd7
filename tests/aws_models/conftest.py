"""One account on moto for all tests here: AWS' own policies take a while to read."""

import os
from collections.abc import Iterator

import pytest

from tests.aws_models.account import ACCOUNT
from tests.aws_models.names import name_zones_as_route_53


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
        name_zones_as_route_53()
        with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
            yield
