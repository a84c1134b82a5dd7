"""Quantities, durations and names: what is taken, what is refused, what is proposed instead."""

import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from stacks.settings.units import Cpu, DnsLabel, Duration, Quantity, duration_seconds, quantity_value
from stacks.settings.web import Endpoint

UNITS = ["", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "Ti"]


def check(kind: Any, value: object) -> str:
    return TypeAdapter(kind).validate_python(value, strict=True)


def refusal(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as error:
        check(kind, value)
    return error.value.errors()[0]["msg"]


@given(st.integers(0, 10**6), st.sampled_from(UNITS))
def test_every_quantity_stays_as_it_was_written(number: int, unit: str) -> None:
    assert check(Quantity, f"{number}{unit}") == f"{number}{unit}"


@given(st.integers(1, 10**6))
def test_a_thousand_millis_are_one(number: int) -> None:
    assert quantity_value(f"{number * 1000}m") == quantity_value(str(number))
    assert quantity_value(f"{number}Ki") == quantity_value(str(number * 1024))


@given(st.text(max_size=12))
def test_whatever_a_refused_quantity_is_offered_is_a_quantity(text: str) -> None:
    try:
        check(Quantity, text)
    except ValidationError as error:
        offered = re.search(r"\(try (\S+)\)$", error.errors()[0]["msg"])
        if offered:
            check(Quantity, offered[1])


@given(st.one_of(st.integers(1, 1024), st.floats(0.02, 1024)))
def test_a_bare_number_of_cores_is_a_quantity(cores: float) -> None:
    assert abs(float(quantity_value(check(Cpu, cores))) - cores) < 1e-5


def test_true_is_not_a_quantity() -> None:
    with pytest.raises(ValidationError):
        check(Quantity, True)


@given(st.integers(0, 10**5), st.sampled_from(["ms", "s", "m", "h"]))
def test_durations_have_the_seconds_that_they_say(number: int, unit: str) -> None:
    seconds = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]

    assert duration_seconds(check(Duration, f"{number}{unit}")) == pytest.approx(number * seconds)


@given(st.text(max_size=12))
def test_whatever_a_refused_duration_is_offered_is_a_duration(text: str) -> None:
    try:
        check(Duration, text)
    except ValidationError as error:
        offered = re.search(r"\(try (\S+)\)$", error.errors()[0]["msg"])
        assert offered
        check(Duration, offered[1])


@given(st.from_regex(r"[a-z]([a-z0-9-]{0,48}[a-z0-9])?", fullmatch=True))
def test_dns_labels_are_names(name: str) -> None:
    assert check(DnsLabel, name) == name


@given(st.text(max_size=80))
def test_whatever_a_refused_name_is_offered_is_a_name(text: str) -> None:
    assume(not re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", text) or len(text) > 50)
    offered = re.search(r"\(try (\S+)\)$", refusal(DnsLabel, text))
    if offered:
        check(DnsLabel, offered[1])


@pytest.mark.parametrize("path", ["iris", "/iris/", "//iris", "/iris classifier", "/"])
def test_a_path_that_no_route_could_match_is_refused(path: str) -> None:
    assert "is not a path" in refusal(Endpoint, path)
