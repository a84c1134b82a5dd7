"""A double of an account, and of the provider that works in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles import Account
from tests.doubles.account import Store
from tests.doubles.provider import Provider
from tests.unit.doubles.helpers import NODE_INPUTS, NODES, NUMBER, clear, cluster, cni, make, network, role


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXON_DOUBLE_SECONDS", "0")


@pytest.fixture(scope="package", autouse=True)
def moto() -> Iterator[None]:
    """Let the provider make what it makes on moto in this process."""
    from moto import mock_aws  # which takes a second

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_ACCOUNT_ID", NUMBER)
        with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
            yield


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    made = Account(tmp_path)
    yield made
    clear(made)


@pytest.fixture
def provider(account: Account) -> Provider:
    return Provider(Store(account.folder), NUMBER)


@pytest.fixture
def lab(provider: Provider) -> str:
    """A node group, and all that it needs. Its id."""
    _, subnets = network(provider)
    cluster(provider, subnets)
    role(provider)
    cni(provider)
    return make(provider, NODES, "cpu", **{**NODE_INPUTS, "subnetIds": subnets})
