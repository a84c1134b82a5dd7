"""Reading a stack file: it is settings, or one line that says where and what to do; never a traceback."""
# ruff: noqa: E501 (a message is one line here too)

import time
from pathlib import Path

import pytest

from stacks.settings import SettingsError, load_file
from stacks.settings.yaml_text import MOST_BYTES
from tests.unit.refusals import lines
from tests.unit.test_settings_errors import GOOD

PLACE = "stacks/Pulumi.test.yaml"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{below}'] * 9)}]\n"
    for below, name in zip("abcdefghi", "bcdefghij", strict=True)
)


def of_bytes(stack_file: Path, content: bytes) -> list[str]:
    stack_file.write_bytes(content)
    with pytest.raises(SettingsError) as error:
        load_file("test")
    return str(error.value).splitlines()


# what the bytes of a file are, and the line that is said
FILES = [
    (GOOD.encode("utf-16"), ":1: is UTF-16: save it as UTF-8"),
    (GOOD.encode("utf-16-be"), ":1: the control character U+0000 cannot stand here: remove it"),
    (GOOD.encode("utf-32"), ":1: is UTF-32: save it as UTF-8"),
    (GOOD.encode() + "# é".encode("latin-1"), ":25: byte 0xE9 is not UTF-8: save it as UTF-8"),
    (b"config:\n  axon:cluster: \x00", ":2: the control character U+0000 cannot stand here: remove it"),
    (b"config:\n\n# \x1b[2J", ":3: the control character U+001B cannot stand here: remove it"),
    (b"config:\r  axon:cluster: 1", ":1: the control character U+000D cannot stand here: remove it"),
    (
        "config:\n# \u2028  axon:x: 1".encode(),
        ":2: the character U+2028 (line separator) cannot stand here: remove it",
    ),
    (
        "config: # \u202e".encode(),
        ":1: the character U+202E (right-to-left override) cannot stand here: remove it",
    ),
    (b"- a\n", ":1: is not a mapping of keys: a stack file begins with `config:`"),
    (b"\n5\n", ":2: is not a mapping of keys: a stack file begins with `config:`"),
    (b"config:\n- a\n", ":1: `config` is not a mapping of keys, such as `axon:models`"),
    (b"config: text\n", ":1: `config` is not a mapping of keys, such as `axon:models`"),
    (b"config: {}\nconfig: {}\n", ":2: `config` stands twice"),
    (b"config:\n  models: {}\n", ":2: `models` lacks its namespace (try axon:models)"),
    (b"config:\n  axon:cluster: !include x.yaml\n", ":2: the tag !include has no place here: remove it"),
    (
        b"config:\n  axon:cluster: !!python/object/apply:os.system [ls]\n",
        ":2: the tag !!python/object/apply:os.system has no place here: remove it",
    ),
    (b"config:\n  axon:cluster: !!binary aGk=\n", ":2: the tag !!binary has no place here: remove it"),
    (b"config: &a\n  axon:cluster: *a\n", ":2: *a stands for what it is a part of"),
    (b"config:\n  axon:cluster: *a\n", ":2: *a stands for nothing: no &a comes before it"),
    (b"config:\n  axon:cluster:\n    <<: text\n", ":3: `<<` takes an alias of a mapping, or a list of them"),
    (b"config:\n  axon:cluster:\n    '<<': {}\n", ":3: `<<` is no name of a key"),
    (b"config:\n  axon:cluster:\n    1: x\n", ":3: a key is text: put it in quotes"),
    (b"config:\n  axon:cluster:\n    ? [a]\n    : x\n", ":3: a key is text: this one is a list or a mapping (quote what begins with `{`)"),
    (b"config:\n  axon:cluster:\n    on: x\n", ':3: the key on is read in two ways: write "on"'),
    (b"config:\n  axon:cluster:\n    ~: x\n", ":3: a key is text: put it in quotes"),
    (b"%YAML 1.2\n---\nconfig: {}\n", ":1: a directive (%YAML, %TAG) has no place here: remove it"),
    (b"config: {}\n---\nconfig: {}\n", ":2: a second document begins here: a stack file has one (remove `---`)"),
    (b"config:\n  axon:x: " + b"[" * 60 + b"]" * 60, ":2: is nested more than 50 levels deep"),
    (b"config:\n  axon:x: " + b"{a: " * 60 + b"}" * 60, ":2: is nested more than 50 levels deep"),
    (b'config:\n  axon:x: "\\ud800"\n', ":2: not YAML"),
    (b'config:\n  axon:x: "\\0"\n', ":2: an escape in these quotes is no character that text can hold: remove it"),
    (b"config:\n\taxon:x: 1\n", ":2: not YAML"),
    (b"#" * (MOST_BYTES + 1), f":1: {MOST_BYTES + 1} bytes are more than {MOST_BYTES}, the most: make two stacks of it"),
    (b"", ": axon:cluster: is required"),
    (b"config:\n", ":1: axon:cluster: is required"),
    (b"config: {}\n", ":1: axon:cluster: is required"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), FILES, ids=[message[:60] for _, message in FILES])
def test_a_file_that_cannot_be_read_is_one_line(stack_file: Path, content: bytes, message: str) -> None:
    (line,) = of_bytes(stack_file, content)

    assert line.startswith(PLACE + message)


def test_a_file_that_cannot_be_opened_is_one_line(stack_file: Path) -> None:
    stack_file.mkdir()

    with pytest.raises(SettingsError) as error:
        load_file("test")

    assert str(error.value) == f"{PLACE}: cannot be read: Is a directory"


def test_a_byte_order_mark_and_ends_of_lines_of_windows_are_read(stack_file: Path) -> None:
    stack_file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())

    assert load_file("test").models["iris-classifier"].compute.mem == "256Mi"


def test_aliases_that_stand_for_a_million_values_are_refused_at_once(stack_file: Path) -> None:
    start = time.perf_counter()

    (line,) = of_bytes(stack_file, f"{BOMB}config: {{axon:models: *j}}\n".encode())

    assert "aliases stand for ten times what the file holds" in line
    assert time.perf_counter() - start < 1


def test_aliases_of_long_texts_are_refused(stack_file: Path) -> None:
    text = f"x: &x {'text' * 500}\nconfig:\n  axon:models: [{', '.join(['*x'] * 100)}]\n"

    assert "aliases stand for ten times" in lines(stack_file, text)[0]


def test_aliases_do_not_nest_deeper_than_values_may(stack_file: Path) -> None:
    deep = "".join(f"x{i}: &x{i} {'[' * 30}{f'*x{i - 1}' if i else ''}{']' * 30}\n" for i in range(3))

    assert "is nested more than 50 levels deep" in lines(stack_file, deep + "config: {}\n")[0]


def test_what_several_models_share_is_written_once(stack_file: Path) -> None:
    text = GOOD.replace("compute:\n", "compute: &small\n").replace(
        "    digits:\n", "    digits:\n      compute: {<<: *small, cpu: 300m}\n"
    )
    stack_file.write_text(text)

    compute = load_file("test").models["digits"].compute

    assert (compute.cpu, compute.mem) == ("300m", "256Mi")


def test_a_wrong_value_that_several_share_is_found_where_it_stands(stack_file: Path) -> None:
    text = GOOD.replace("compute:\n", "compute: &small\n").replace("cpu: 200m", "cpu: lots")
    text = text.replace("    digits:\n", "    digits:\n      compute: {<<: *small}\n")

    assert [line.split(":")[1] for line in lines(stack_file, text)] == ["13", "13"]


def test_of_very_many_problems_the_first_are_said(stack_file: Path) -> None:
    many = "".join(f"    m{index}: {{}}\n" for index in range(80))

    found = lines(stack_file, GOOD + many)

    assert len(found) == 51
    assert found[-1] == f"{PLACE}: 30 more problems"


def test_a_message_is_one_line_whatever_it_quotes(stack_file: Path) -> None:
    (line,) = lines(stack_file, GOOD.replace("endpoint: /iris", 'endpoint: "/a\\nb\\u2028"'))

    assert 'axon:models.iris-classifier.networking.endpoint: "/a\\nb\\u2028" is not a path' in line


def test_a_message_is_short_whatever_it_quotes(stack_file: Path) -> None:
    (line,) = lines(stack_file, GOOD.replace("cpu: 200m", f"cpu: {'x' * 100_000}"))

    assert len(line) < 1000
