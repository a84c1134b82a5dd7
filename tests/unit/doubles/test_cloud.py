"""The account's moto: what is refused is not there, what is deleted is gone."""

import pytest

from tests.doubles import Account
from tests.doubles.account import RefusedError, Store
from tests.doubles.provider import Provider
from tests.unit.doubles.helpers import (
    BALANCER,
    LISTENER,
    NUMBER,
    REPOSITORY,
    TARGETS,
    VPC,
    make,
    network,
)


def test_what_was_refused_is_not_there(provider: Provider, account: Account) -> None:
    with pytest.raises(RefusedError):
        make(provider, VPC, "vpc", cidrBlock="10.0.0.0/8")
    assert account.resources() == {}
    (call,) = account.record()
    assert "ec2:CreateVpc" in (call.error or "")


def test_a_type_whose_calls_nobody_has_written_down_is_refused(provider: Provider) -> None:
    with pytest.raises(RefusedError, match="which calls make aws:sns/topic:Topic is not written here"):
        make(provider, "aws:sns/topic:Topic", "x")


def test_the_name_of_what_was_deleted_is_free_again(provider: Provider, account: Account) -> None:
    for _ in range(2):
        id_ = make(provider, REPOSITORY, "models", name="models")
        provider.delete(REPOSITORY, "models", id_)
    made = make(provider, REPOSITORY, "models", name="models")
    account.lose("Repository", "models")
    assert make(provider, REPOSITORY, "models", name="models") == made


def test_a_target_group_is_kept_for_as_long_as_a_listener_leads_to_it(provider: Provider) -> None:
    vpc, subnets = network(provider)
    target = {"port": 80, "protocol": "TCP", "vpcId": vpc, "targetType": "ip"}
    old, new = (make(provider, TARGETS, name, name=name, **target) for name in ("old", "new"))
    balancer = make(provider, BALANCER, "lab", name="lab", loadBalancerType="network", subnets=subnets)
    inputs = {"loadBalancerArn": balancer, "port": 80, "protocol": "TCP"}
    before, after = (
        {**inputs, "defaultActions": [{"type": "forward", "targetGroupArn": arn}]} for arn in (old, new)
    )
    listener = make(provider, LISTENER, "http", **before)

    with pytest.raises(RefusedError, match="in use"):
        provider.delete(TARGETS, "old", old)
    provider.update(LISTENER, "http", listener, before, after)
    provider.delete(TARGETS, "old", old)


def test_nothing_is_made_in_an_account_that_is_not_open(account: Account) -> None:
    endpoint = account.environment({"PATH": ""})["AXON_DOUBLE_MOTO"]
    provider = Provider(Store(account.folder), NUMBER, endpoint)
    with pytest.raises(RefusedError, match="the account is not open"):
        make(provider, VPC, "vpc", cidrBlock="10.0.0.0/16")
