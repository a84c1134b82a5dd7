"""Any bytes are settings, or lines that say where and what to do; what is written is read back as it was."""

from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from stacks.settings import SettingsError, loading
from stacks.settings.source import source_of
from stacks.settings.yaml_dump import dumped
from tests.unit.test_settings_errors import GOOD
from tests.unit.test_stack_file_values import ONE_WAY, TWO_WAYS

PIECES = [text.encode() for text in ("{", "}", "[", "]", ": ", "- ", "*a", "&a ", "<<: ", "!x ", "? ", "|\n")]
PIECES += [
    text.encode() for text in ("'", '"', "%", "\n", "\t", "#", "no", "1e999", "\u2028", "\\", "---\n", "~")
]
PIECES += [b"...", b"\xff", b"\x00"]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff")).filter(
    "<<".__ne__
)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
DOUBTFUL = st.sampled_from([value for value, _ in TWO_WAYS] + [text for text, _ in ONE_WAY])


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(TEXT, PLAIN | DOUBTFUL))
def test_what_is_written_is_read_back_as_it_was(value: dict[str, Any]) -> None:
    """By this reader, and by PyYAML's, which other tools have."""
    text = dumped({"config": {"axon:models": value}})
    config = source_of(text.encode(), "x.yaml").config

    assert config == {"models": value} == {"models": yaml.safe_load(text)["config"]["axon:models"]}
    assert list(map(type, _leaves(config))) == list(map(type, _leaves({"models": value})))


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for key in value for leaf in _leaves(value[key])]
    return [leaf for entry in value for leaf in _leaves(entry)] if isinstance(value, list) else [value]


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_settings_or_lines(content: bytes) -> None:
    assert_readable(content)


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_a_changed_stack_file_is_settings_or_lines(data: st.DataObject) -> None:
    content = bytearray(GOOD.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        length = data.draw(st.integers(0, 8))
        new = data.draw(
            st.sampled_from(PIECES)
            | st.binary(max_size=6)
        )  # fmt: skip
        content[at : at + length] = new
    assert_readable(bytes(content))


def assert_readable(content: bytes) -> None:
    source = source_of(content, "stacks/Pulumi.test.yaml")
    try:
        loading.validate(loading.config_of(Path("stacks/Pulumi.test.yaml"), source), source)
    except SettingsError as error:
        for line in str(error).split("\n"):
            assert line.startswith("stacks/Pulumi.test.yaml")
            assert line.isprintable()
            assert len(line) < 1000
