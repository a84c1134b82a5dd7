"""The committed tables of what AWS has, against the answers of AWS that moto carries."""

from pathlib import Path

import pytest

from stacks.settings.aws import catalogue, refresh_catalogue
from tests.aws_models.account import client


def test_every_policy_in_the_table_can_be_attached() -> None:
    iam = client("iam", "us-east-1")
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS")
    arns = {policy["Arn"] for page in pages for policy in page["Policies"]}

    assert {f"arn:aws:iam::aws:policy/{path}" for path in catalogue.managed_policies().values()} <= arns


def test_the_tables_are_what_their_script_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ZONES", "OFFERS", "POLICIES"):
        old = getattr(catalogue, name)
        new = tmp_path / old.name
        new.write_text(old.read_text())
        monkeypatch.setattr(catalogue, name, new)

    refresh_catalogue.main()

    for name in ("ZONES", "OFFERS", "POLICIES"):
        new = getattr(catalogue, name)
        old = catalogue.FOLDER / new.name
        assert new.read_text().splitlines()[1:] == old.read_text().splitlines()[1:], new.name


def test_a_zone_keeps_its_place_when_another_comes_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its place is that of its subnets' networks: another would replace them."""
    table = tmp_path / "zones.csv"
    table.write_text(catalogue.ZONES.read_text().replace("eu-west-1,abc,", "eu-west-1,ca,"))
    for name in ("OFFERS", "POLICIES"):
        monkeypatch.setattr(catalogue, name, tmp_path / name)
    monkeypatch.setattr(catalogue, "ZONES", table)
    catalogue.zones.cache_clear()

    refresh_catalogue.main()

    assert "eu-west-1,cab," in table.read_text()
    monkeypatch.undo()
    catalogue.zones.cache_clear()
