"""Values of a stack file: each is read as one thing by every reader, or refused with what to write."""
# ruff: noqa: RUF001 (digits of other scripts are meant)

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks.settings import SettingsError, load_file, loading
from stacks.settings.loading import STACKS
from stacks.settings.source import source_of
from tests.unit.refusals import lines

PLACE = "stacks/Pulumi.test.yaml"
CONFIG = "axon:models.a.predictor.config"


def with_config(value: str) -> str:
    """A stack whose model is given a value of a Python predictor's `config`."""
    return (
        "config:\n  axon:cluster: {kind: existing}\n  axon:images: {registry: r.example/axon}\n"
        "  axon:models:\n    a:\n      predictor:\n        type: python\n        path: p\n"
        f"        config:\n          key: {value}\n"
    )


# a value without quotes, and the spellings that are offered
TWO_WAYS = [
    ("no", 'false or "no"'),
    ("Yes", 'true or "Yes"'),
    ("ON", 'true or "ON"'),
    ("off", 'false or "off"'),
    ("y", 'true or "y"'),
    ("012", '12 or "012"'),
    ("08", '8 or "08"'),
    ("-007", '-7 or "-007"'),
    ("00.5", '0.5 or "00.5"'),
    ("0o17", '15 or "0o17"'),
    ("0b101", '5 or "0b101"'),
    ("0X1F", '31 or "0X1F"'),
    ("1_000", '1000 or "1_000"'),
    ("1_0.5", '10.5 or "1_0.5"'),
    ("12:30", '"12:30" or the number in decimal digits'),
    ("1:30:00.5", '"1:30:00.5" or the number in decimal digits'),
    ("2024-01-01", '"2024-01-01"'),
    ("2024-1-1", '"2024-1-1"'),
    ("2024-13-45", '"2024-13-45"'),
    ("2024-01-01T10:00:00Z", '"2024-01-01T10:00:00Z"'),
    ("2001-12-14 21:59:43.10 -5", '"2001-12-14 21:59:43.10 -5"'),
    (".inf", '".inf"'),
    ("-.INF", '"-.INF"'),
    (".nan", '".nan"'),
    ("1e999", '"1e999"'),
    ("12345678901234567890123", '"12345678901234567890123" or 1.2345678901234568e+22'),
    ("9223372036854775808", '"9223372036854775808" or 9.223372036854776e+18'),
    ("-9223372036854775809", '"-9223372036854775809" or -9.223372036854776e+18'),
    ("=", '"="'),
    ("<<", '"<<"'),
]


@pytest.mark.parametrize(("value", "spellings"), TWO_WAYS, ids=[value for value, _ in TWO_WAYS])
def test_a_value_that_is_read_in_two_ways_is_refused(stack_file: Path, value: str, spellings: str) -> None:
    assert lines(stack_file, with_config(value)) == [
        f"{PLACE}:10: {CONFIG}.key: {value} is read in two ways: write {spellings}"
    ]


def test_it_is_refused_inside_a_list_and_as_a_variable(stack_file: Path) -> None:
    text = with_config("[a, 1_0]") + "      env: {A: no}\n"

    assert [line.split(": ")[1] for line in lines(stack_file, text)] == [
        f"{CONFIG}.key.1",
        "axon:models.a.env.A",
    ]


ONE_WAY: list[tuple[str, Any]] = [
    ("true", True),
    ("FALSE", False),
    ("null", None),
    ("~", None),
    ("", None),
    ("1.0", 1.0),
    ("-0.5", -0.5),
    (".5", 0.5),
    ("5.", 5.0),
    ("1e3", 1000.0),
    ("1e-3", 0.001),
    ("1.5E+3", 1500.0),
    ("0x1F", 31),
    ("+7", 7),
    ("9223372036854775807", 2**63 - 1),
    ("{x: 1, y: 2}", {"x": 1, "y": 2}),
    ("-9223372036854775808", -(2**63)),
    ("1.2.3", "1.2.3"),
    ("10.0.0.0/8", "10.0.0.0/8"),
    ("2024-01", "2024-01"),
    ("nO", "nO"),
    ("1,000", "1,000"),
    ("0xg", "0xg"),
    ("１２", "１２"),
    ('"no"', "no"),
    ("!!str no", "no"),
    ("!!str 012", "012"),
    ("'012'", "012"),
    ("|\n            no", "no\n"),
]


@pytest.mark.parametrize(("text", "value"), ONE_WAY, ids=[text for text, _ in ONE_WAY])
def test_a_value_that_has_one_meaning_keeps_its_type(stack_file: Path, text: str, value: Any) -> None:
    stack_file.write_text(with_config(text))

    found = load_file("test").models["a"].predictor.config["key"]  # type: ignore[union-attr]

    assert (type(found), found) == (type(value), value)


def engine(monkeypatch: pytest.MonkeyPatch, config: dict[str, Any]) -> None:
    """The engine hands the program these settings, as it does: as JSON, with one kind of number."""
    monkeypatch.setattr(loading, "running_config", lambda: json.loads(json.dumps(config)))
    monkeypatch.setattr(loading.pulumi, "get_stack", lambda: "test")


@pytest.mark.parametrize(
    ("text", "handed_on"),
    [("1.0", 1), ("3.410307778685405e+16", 34103077786854050), ("1e3", 1000), ("0x10", 16)],
)
def test_a_number_keeps_the_type_that_the_file_gives_it(
    stack_file: Path, monkeypatch: pytest.MonkeyPatch, text: str, handed_on: int
) -> None:
    stack_file.write_text(with_config(text))
    given: Any = source_of(stack_file.read_bytes(), "").config
    given["models"]["a"]["predictor"]["config"]["key"] = handed_on
    engine(monkeypatch, given)

    found = loading.load().models["a"].predictor.config["key"]  # type: ignore[union-attr]
    assert isinstance(found, int if text == "0x10" else float)


def test_another_order_of_the_file_is_no_change(stack_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack_file.write_text(with_config("{b: 1, a: [{d: 2, c: 3}]}"))
    engine(monkeypatch, source_of(stack_file.read_bytes(), "").config or {})

    found = loading.load().models["a"].predictor.config["key"]  # type: ignore[union-attr]
    assert (list(found), list(found["a"][0])) == (["a", "b"], ["c", "d"])


def test_a_key_without_a_value_is_read_alike(stack_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack_file.write_text("config:\n  axon:cluster: {kind: existing}\n  axon:models:\n")
    engine(monkeypatch, {"cluster": {"kind": "existing"}, "models": ""})  # as the engine says it

    with pytest.raises(SettingsError) as error:
        loading.load()

    assert str(error.value) == f"{PLACE}:3: axon:models: nothing is not a mapping of keys"


@pytest.mark.parametrize("value", ['"1"', "true", "2", "[1]"])
def test_what_the_engine_has_from_elsewhere_is_refused(
    stack_file: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    engine(monkeypatch, source_of(with_config(value).encode(), "").config or {})
    stack_file.write_text(with_config("1"))

    with pytest.raises(SettingsError) as error:
        loading.load()

    told = str(error.value)
    assert f"{CONFIG}.key" in told, "the place that differs"
    assert "pulumi was given something else" in told


def test_a_line_break_that_the_engine_loses_changes_nothing(
    stack_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack_file.write_text(with_config('"\\nimport json\\n"'))
    given: Any = source_of(stack_file.read_bytes(), "").config
    given["models"]["a"]["predictor"]["config"]["key"] = "import json\n"
    engine(monkeypatch, given)

    found = loading.load().models["a"].predictor.config["key"]  # type: ignore[union-attr]
    assert found == "\nimport json\n"


@pytest.mark.parametrize("file", sorted(STACKS.glob("Pulumi.*.yaml")), ids=lambda file: file.name)
def test_the_projects_own_files_are_read_as_pyyaml_reads_them(file: Path) -> None:
    own = yaml.safe_load(file.read_text())["config"]

    assert source_of(file.read_bytes(), file.name).config == {
        key.removeprefix("axon:"): value for key, value in own.items() if key.startswith("axon:")
    }
