"""AWS takes every resource of every stack: as its service models say, and as moto does what it does."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.aws_models.account import Account, Finding
from tests.aws_models.across import across
from tests.aws_models.authorization import unauthorized
from tests.aws_models.program import Recorder, run_bootstrap, run_stack
from tests.aws_models.stack_files import (
    VARIANTS,
    bootstrap_files,
    in_an_existing_vpc,
    project_files,
    region_of,
    variant,
    with_what_there_is,
)


def refused(text: str, folder: Path) -> str:
    """What AWS refuses of a stack, from its creation to its deletion, a line each."""
    region = region_of(text)
    recorder = run_stack(with_what_there_is(text, region), Account(region), folder)
    assert made(recorder) > 50
    found = [*across(recorder), *unauthorized(recorder)]
    recorder.delete_all()
    return lines([*recorder.account.findings, *found])


def lines(findings: Iterable[Finding]) -> str:
    return "\n".join(str(finding) for finding in findings)


def made(recorder: Recorder) -> int:
    """How many resources of AWS a program has."""
    return sum(one.typ.startswith("aws:") for one in recorder.registered)


@pytest.mark.parametrize("stack", project_files())
def test_aws_takes_the_projects_own_stacks(stack: str, tmp_path: Path) -> None:
    assert refused(project_files()[stack], tmp_path) == ""


@pytest.mark.parametrize(("serial", "name"), list(enumerate(VARIANTS)), ids=list(VARIANTS))
def test_aws_takes_whatever_a_stack_can_have(serial: int, name: str, tmp_path: Path) -> None:
    assert refused(variant(name, serial + 10), tmp_path) == ""


def test_aws_takes_a_stack_in_a_vpc_that_is_there(tmp_path: Path) -> None:
    assert refused(in_an_existing_vpc("eu-west-1"), tmp_path) == ""


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1"])
@pytest.mark.parametrize("account", bootstrap_files())
def test_aws_takes_what_an_account_has_before_any_stack(account: str, region: str, tmp_path: Path) -> None:
    text = bootstrap_files()[account].replace(region_of(bootstrap_files()[account]), region)

    recorder = run_bootstrap(text, Account(region), tmp_path)

    found = unauthorized(recorder)
    assert made(recorder) > 10
    recorder.delete_all()  # so that the next one's names are free
    assert lines([*recorder.account.findings, *found]) == ""
