"""Texts of the settings, and the configuration reference that is generated from them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from stacks.settings import reference
from stacks.settings.bootstrap import Bootstrap
from stacks.settings.stack import Stack

_QUESTION = re.compile(r"(What|Which|Whom?|Whose|Whether|Where|When|Why|How)\b")


def settings() -> Iterator[tuple[str, str]]:
    """Yield each setting of a stack file, or of bootstrap's, with its text."""
    for schema in (Stack.model_json_schema(), Bootstrap.model_json_schema()):
        for name, group in {**schema["$defs"], schema["title"]: schema}.items():
            for key, node in group.get("properties", {}).items():
                yield f"{name}.{key}", node.get("description", "")


TEXTS = dict(settings())


@pytest.mark.parametrize("setting", TEXTS)
def test_a_setting_is_described_in_words_that_need_no_key(setting: str) -> None:
    text = TEXTS[setting]

    assert len(text.split()) >= 5, f"{setting}: write what it is, its unit and what unset means"
    assert not _QUESTION.match(text), f"{setting}: begin with a noun"
    assert text[0].isupper() or text.startswith("`"), f"{setting}: begin with a capital letter"
    assert text.endswith("."), f"{setting}: write whole sentences"


def row(group: str, key: str) -> list[str]:
    """Return the cells of a setting on the page."""
    section = reference.text().split(f"## `{group}`\n")[1].split("\n## ")[0]
    (line,) = (line for line in section.splitlines() if line.startswith(f"| `{key}` |"))
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


@pytest.mark.parametrize(
    ("group", "key", "cells"),
    [
        ("axon:models.<name>.autoscaling", "min_replicas", ["integer", "`1`", "0 to 1000"]),
        ("axon:models.<name>.autoscaling", "window", ["duration", "`15s`", ""]),
        ("axon:models.<name>.autoscaling", "schedules", ["list of mappings", "empty", "at most 10 entries"]),
        ("axon:models.<name>.compute", "shm", ["quantity", "unset", ""]),
        ("axon:models.<name>", "compute", ["mapping", "see below", ""]),
        ("axon:models.<name>", "egress", ["string or list of strings", "empty", "`none`, `all`"]),
        (
            "axon:models.<name>.networking.rate_limit",
            "per",
            ["string", "`second`", "`second`, `minute`, `hour`"],
        ),
        ("axon:cluster (eks)", "name", ["string", "required", ""]),
        (
            "axon:platform",
            "priority_classes",
            ["mapping of integers", "empty", "at most 20 entries; each: -1000000000 to 1000000000"],
        ),
        ("axon:cluster (eks)", "protected", ["boolean", "`false`", ""]),
    ],
)
def test_the_reference_has_type_default_and_allowed_values(group: str, key: str, cells: list[str]) -> None:
    assert row(group, key)[1:4] == cells


def test_the_default_of_a_list_is_the_one_that_a_stack_gets() -> None:
    assert row("axon:cluster (eks)", "control_plane_logs")[2] == '`["audit", "authenticator"]`'


def test_the_reference_has_every_paragraph_of_a_text() -> None:
    described: dict[str, Any] = Stack.model_json_schema()["$defs"]["Autoscaling"]["properties"]
    paragraphs = [" ".join(part.split()) for part in described["wake_timeout"]["description"].split("\n\n")]

    assert len(paragraphs) > 1
    assert row("axon:models.<name>.autoscaling", "wake_timeout")[4] == "<br>".join(paragraphs)
