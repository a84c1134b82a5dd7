"""A stack file of a pull request: whatever its bytes are, its report is made."""

import pytest

from axon.stack_file import config_of, key_changes, settings_of
from tests.unit.test_stack_file_reader import BOMB

GOOD = "config:\n  axon:models: {}\n"


@pytest.mark.parametrize(
    "text",
    [
        "config: &a\n  axon:models: *a\n",
        f"{BOMB}config: {{axon:models: *j}}\n",
        "config: !!python/object/apply:os.system [ls]\n",
        "config:\n  axon:models: " + "[" * 500 + "]" * 500,
        "config: [\n",
        "\0",
    ],
)
def test_a_file_that_cannot_be_read_has_no_keys(text: str) -> None:
    assert config_of(text) == {}
    assert settings_of(text, "dev") is None
    assert [change.path for change in key_changes(GOOD, text)] == ["axon:models"]


def test_a_value_that_is_read_in_two_ways_is_shown_as_it_stands() -> None:
    (change,) = key_changes("config:\n  axon:x: no\n", "config:\n  axon:x: 012\n")

    assert (change.before, change.after) == ("'no'", "'012'")
